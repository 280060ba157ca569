/** Runs jobs of one key one after another, in the order in which they were given; different keys run independently. */
export const createSerial = (): (<T>(key: string, job: () => Promise<T>) => Promise<T>) => {
  const tails = new Map<string, Promise<unknown>>()
  return (key, job) => {
    const run = (tails.get(key) ?? Promise.resolve()).then(job, job)
    const tail = run.catch(() => undefined)
    tails.set(key, tail)
    void tail.then(() => {
      if (tails.get(key) === tail) tails.delete(key)
    })
    return run
  }
}
