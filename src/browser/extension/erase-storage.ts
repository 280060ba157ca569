import { deleteDB } from 'idb'

/** Forgets all that this extension has stored: databases, caches, files. A page that has one open only delays it. */
export const eraseStorage = async (): Promise<void> => {
  const databases = await indexedDB.databases()
  await Promise.all(databases.flatMap(({ name }) => name ?? []).map((name) => deleteDB(name)))
  for (const name of await caches.keys()) await caches.delete(name)
  const root = await navigator.storage.getDirectory()
  for await (const name of root.keys()) await root.removeEntry(name, { recursive: true })
}
