/**
 * Answers under their request ids, each written in the commit of its effect: a request that comes again, because whoever
 * asked or answered it died, gets the same answer and has no second effect.
 */
import * as v from 'valibot'
import type { Clock } from '../lib/clock.ts'
import { parse, text, uint } from '../lib/schema.ts'
import type { Store, StoreValue, Write } from '../lib/store.ts'
import type { VaultCall } from './vault.ts'

/** Longer than anybody asks again; older ones go on the next start. */
export const answersKeepMs = 7 * 24 * 60 * 60_000

const recordSchema = v.strictObject({ call: text(40), at: uint(), answer: v.unknown() })

export interface Answers {
  /** Undefined: not asked yet. `other`: this id was used for another call. */
  readonly find: (id: string, call: VaultCall) => Promise<{ readonly answer: StoreValue } | 'other' | undefined>
  readonly write: (id: string, call: VaultCall, answer: StoreValue) => Write
  readonly outdated: () => Promise<readonly Write[]>
}

export const createAnswers = (store: Store, clock: Clock): Answers => ({
  find: async (id, call) => {
    const record = parse(recordSchema, await store.get('answers', id))
    if (!record.ok) return undefined
    return record.value.call === call ? { answer: record.value.answer as StoreValue } : 'other'
  },
  write: (id, call, answer) => ({ table: 'answers', key: id, value: { call, at: clock.now(), answer } }),
  outdated: async () => {
    const before = clock.now() - answersKeepMs
    const rows = await store.list('answers')
    return rows
      .filter(([, record]) => (record as { readonly at: number }).at < before)
      .map(([key]) => ({ table: 'answers', key, remove: true }))
  },
})
