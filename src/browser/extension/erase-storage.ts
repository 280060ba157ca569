/** Forgets all that this extension has stored: databases, caches, files. Its pages must have let go of them. */
export const eraseStorage = async (): Promise<void> => {
  const databases = await indexedDB.databases()
  await Promise.all(databases.flatMap(({ name }) => name ?? []).map(eraseDatabase))
  for (const name of await caches.keys()) await caches.delete(name)
  const root = await navigator.storage.getDirectory()
  for await (const name of root.keys()) await root.removeEntry(name, { recursive: true })
}

/** A connection that does not stand aside at once delays this, and it is done as soon as that one is gone. */
const eraseDatabase = (name: string): Promise<void> =>
  new Promise((done, fail) => {
    const request = indexedDB.deleteDatabase(name)
    request.onsuccess = () => done()
    request.onerror = () => fail(request.error ?? new Error(`${name} was not deleted`))
  })
