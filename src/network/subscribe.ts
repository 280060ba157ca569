/** Adds a listener; the answer takes it away. */
export const subscribe =
  <T>(listeners: Set<T>) =>
  (listener: T): (() => void) => {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }
