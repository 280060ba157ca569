/**
 * `Store` on classic-level: the relay's embedded database, one folder, one process.
 *
 * Commits go through one queue, so that what a commit expects is compared and its writes are synced to disk with nothing
 * in between. LevelDB writes a batch whole or not at all, whenever the process or the machine dies.
 */
import { ClassicLevel } from 'classic-level'
import { decodeCanonical, encode } from '../lib/cbor.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { type Expect, sameValue, type Store, type StoreError, type StoreValue, type Write } from '../lib/store.ts'

/** The relay's storage port: so far every adapter of `Store` will do. */
export type RelayStore = Store

export type OpenStoreError =
  /** Another process has the folder open. */
  | { readonly type: 'locked'; readonly folder: string }
  | { readonly type: 'not-writable' | 'damaged'; readonly folder: string; readonly message: string }

/** More waiting commits than any honest load makes; beyond it they are refused instead of piling up. */
const commitsWaitingMax = 10_000

export const openClassicLevelStore = async (folder: string): Promise<Result<RelayStore, OpenStoreError>> => {
  const db = new ClassicLevel<Buffer, Uint8Array>(folder, { keyEncoding: 'buffer', valueEncoding: 'view' })
  try {
    await db.open()
  } catch (error) {
    return err(openError(folder, error))
  }
  return ok(createStore(db))
}

type Batch = ReturnType<typeof operation>[]
const operation = (w: Write) => {
  const key = keyBytes(w.table, w.key)
  return 'remove' in w ? { type: 'del' as const, key } : { type: 'put' as const, key, value: encode(w.value) }
}

const createStore = (db: ClassicLevel<Buffer, Uint8Array>): RelayStore => {
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0

  const get = async (table: string, key: string): Promise<StoreValue | undefined> => {
    const bytes = await db.get(keyBytes(table, key))
    return bytes === undefined ? undefined : decodeRecord(bytes)
  }

  const commitNow = async (batch: Batch, expects: readonly Expect[]): Promise<Result<void, StoreError>> => {
    try {
      for (const e of expects)
        if (!sameValue(await get(e.table, e.key), e.equals)) return err({ type: 'conflict', table: e.table, key: e.key })
      await db.batch(batch, { sync: true })
      return ok(undefined)
    } catch (error) {
      return err({ type: 'storage', message: messageOf(error) })
    }
  }

  return {
    get,
    list: async (table, { prefix = '', from = '', reverse = false, limit = Infinity } = {}) => {
      const first = keyBytes(table, from > prefix ? from : prefix)
      const range = { gte: first, lt: afterPrefix(`${table}\0${prefix}`), reverse, limit: Number.isFinite(limit) ? limit : -1 }
      const rows = await db.iterator(range).all()
      const head = table.length + 1
      return rows.map(([key, value]) => [keyText(key).slice(head), decodeRecord(value)] as const)
    },
    commit: (writes, expects = []) => {
      if (waiting >= commitsWaitingMax) return Promise.resolve(err({ type: 'storage', message: 'too many writes are waiting' }))
      waiting++
      // Encoded now: what the caller does with its byte strings later is none of the store's business.
      const batch = writes.map(operation)
      const done = last.then(() => commitNow(batch, expects)).finally(() => waiting--)
      last = done
      return done
    },
    close: async () => {
      await last
      await db.close()
    },
  }
}

// Keys are UTF-16 big-endian: their byte order is the port's order, which UTF-8's is not beyond U+FFFF.
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16()
const keyBytes = (table: string, key: string): Buffer => utf16(`${table}\0${key}`)
const keyText = (key: Buffer): string => Buffer.from(key).swap16().toString('utf16le')

/** The least key above all that begin with `prefix` (which ends in a table's NUL or more, so there is one). */
const afterPrefix = (prefix: string): Buffer => {
  const head = prefix.replace(/\uffff+$/, '')
  const at = head.length - 1
  return utf16(head.slice(0, at) + String.fromCharCode(head.charCodeAt(at) + 1))
}

const decodeRecord = (bytes: Uint8Array): StoreValue => {
  const decoded = decodeCanonical(bytes)
  if (!decoded.ok) throw new Error('the store is damaged: a record does not decode')
  return decoded.value
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const openError = (folder: string, error: unknown): OpenStoreError => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = (cause as { code?: unknown }).code
  const message = messageOf(cause)
  if (code === 'LEVEL_LOCKED') return { type: 'locked', folder }
  if (code === 'LEVEL_CORRUPTION' || /corrupt/i.test(message)) return { type: 'damaged', folder, message }
  return /permission|read-only|not a directory|no space|exists/i.test(message)
    ? { type: 'not-writable', folder, message }
    : { type: 'damaged', folder, message }
}
