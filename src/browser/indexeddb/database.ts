/**
 * An IndexedDB database that is opened when first used and again whenever the browser closed it: after a `versionchange`
 * (another context brings a newer schema), when storage was cleared, or when the browser's storage process died.
 */
import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB, type StoreNames } from 'idb'

/** Step n brings a database from version n to n + 1; steps are only ever added. */
export type Migration<S extends DBSchema> = (db: IDBPDatabase<S>, tx: IDBPTransaction<S, StoreNames<S>[], 'versionchange'>) => void

export interface Database<S extends DBSchema> {
  /** Opens if need be. An action that found the connection closed before it could begin is begun once more. */
  readonly use: <T>(action: (db: IDBPDatabase<S>) => Promise<T>) => Promise<T>
  readonly close: () => Promise<void>
}

export const createDatabase = <S extends DBSchema>(name: string, migrations: readonly Migration<S>[]): Database<S> => {
  let opening: Promise<IDBPDatabase<S>> | undefined
  let closed = false

  const forget = (which: Promise<IDBPDatabase<S>>): void => {
    if (opening === which) opening = undefined
  }

  const open = (): Promise<IDBPDatabase<S>> => {
    if (opening) return opening
    const current: Promise<IDBPDatabase<S>> = openDB<S>(name, migrations.length, {
      upgrade: (db, from, _to, tx) => {
        for (const migrate of migrations.slice(from)) migrate(db, tx)
      },
      // Stand aside for a newer schema: whoever holds on would block it for as long as this context lives.
      blocking: () => {
        forget(current)
        void current.then((db) => db.close())
      },
      terminated: () => forget(current),
    })
    opening = current
    current.catch(() => forget(current))
    return current
  }

  return {
    use: async (action) => {
      if (closed) throw new DOMException('the database was closed', 'InvalidStateError')
      const connection = open()
      try {
        return await action(await connection)
      } catch (error) {
        // Thrown by db.transaction() on a closed connection, so before anything was asked of it.
        if (closed || !(error instanceof DOMException) || error.name !== 'InvalidStateError') throw error
        forget(connection)
        return action(await open())
      }
    },
    close: async () => {
      closed = true
      const db = await opening?.catch(() => undefined)
      db?.close()
    },
  }
}
