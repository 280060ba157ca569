/** A broadcast channel as the interface uses it, so that tests can put a plain one in its place. Own messages are not heard. */
export interface Channel {
  readonly post: (message: unknown) => void
  /** The returned function ends the listening. */
  readonly listen: (listener: (message: unknown) => void) => () => void
  readonly close: () => void
}

export const openChannel = (name: string): Channel => {
  const channel = new BroadcastChannel(name)
  return {
    post: (message) => channel.postMessage(message),
    listen: (listener) => {
      const heard = ({ data }: MessageEvent<unknown>): void => listener(data)
      channel.addEventListener('message', heard)
      return () => channel.removeEventListener('message', heard)
    },
    close: () => channel.close(),
  }
}

/** Fields of what came over a channel, or undefined where it is no object. */
export const fieldsOf = (message: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof message === 'object' && message !== null ? (message as Readonly<Record<string, unknown>>) : undefined

export const isUiError = (value: unknown): value is { readonly type: string; readonly detail: string } => {
  const fields = fieldsOf(value)
  return typeof fields?.type === 'string' && typeof fields.detail === 'string'
}
