/**
 * `sync.catchup`: 100 000 entries of 1 000 authors, of which a node lacks the 50 newest. What it takes to find that out, beside
 * the entries themselves: bytes of all messages and of the question for ranges (relay-sync.ts), round trips (the last one brings the entries),
 * and the time that both sides compute.
 */
import { performance } from 'node:perf_hooks'
import { createFingerprintTree } from '../../src/ledger/fingerprint-tree.ts'
import { planExchange } from '../../src/ledger/reconcile-heads.ts'
import type { SyncItem } from '../../src/ledger/reconcile-message.ts'
import { answerReconcile, continueReconcile, type Reconciliation, startReconcile, type SyncSet } from '../../src/ledger/reconcile.ts'
import { type Bytes, sha256, toHex, utf8 } from '../../src/lib/bytes.ts'
import { encode } from '../../src/lib/cbor.ts'
import { createSeededRandom, randomBelow } from '../../src/lib/random.ts'
import { type Figure, median, round2, rounds } from './figure.ts'

const authors = 1_000
const entriesEach = 100
const newEntries = 50
const startMs = 1_750_000_000_000
/** Over which the older entries lie. */
const spanMs = 30 * 24 * 60 * 60_000

const item = (author: number, seq: number, time: number): SyncItem => ({
  time,
  id: sha256(utf8(`${author}/${seq}`)),
  head: { author: sha256(utf8(`author ${author}`)), seq },
})

/** Heads before and after the newest entries, which these many authors wrote. */
const createSets = (by: number): { readonly ours: SyncSet; readonly theirs: SyncSet } => {
  const random = createSeededRandom('catch up')
  const [ours, theirs] = [createFingerprintTree<SyncItem>(), createFingerprintTree<SyncItem>()]
  for (let author = 0; author < authors; author++) {
    const old = item(author, entriesEach - 1, startMs + randomBelow(random, spanMs))
    ours.insert(old)
    const fresh = author < by ? Math.ceil((newEntries - author) / by) : 0
    theirs.insert(fresh > 0 ? item(author, entriesEach - 1 + fresh, startMs + spanMs + author * 1000) : old)
  }
  return { ours, theirs }
}

const catchUp = (ours: SyncSet, theirs: SyncSet) => {
  const start = performance.now()
  let [state, message]: readonly [Reconciliation, Bytes | null] = startReconcile(ours)
  let [bytes, roundTrips] = [0, 0]
  while (message) {
    const answer = answerReconcile(theirs, message)
    if (!answer.ok) throw new Error(JSON.stringify(answer.error))
    bytes += message.length + answer.value.length
    roundTrips++
    const next = continueReconcile(ours, state, answer.value)
    if (!next.ok) throw new Error(JSON.stringify(next.error))
    ;[state, message] = next.value
  }
  const plan = planExchange(state, () => entriesEach - 1)
  const ms = performance.now() - start
  if (plan.give.length > 0) throw new Error('nothing of ours is new')
  bytes += encode(['ranges?', { parts: plan.fetch.map(({ author, from }) => [author, from]), facts: [] }]).length
  return { bytes, roundTrips: roundTrips + 1, ms, authors: new Set(plan.fetch.map(({ author }) => toHex(author))).size }
}

export const benchCatchUp = async (): Promise<readonly Figure[]> => {
  const figures: Figure[] = []
  for (const by of [3, 50]) {
    const { ours, theirs } = createSets(by)
    // A node does this all the time: measured once the engine has compiled it.
    for (let warm = 0; warm < 20; warm++) catchUp(ours, theirs)
    const times = Array.from({ length: rounds }, () => catchUp(ours, theirs))
    const { bytes, roundTrips, authors: found } = times[0]!
    if (found !== by) throw new Error(`found ${found} of ${by} authors`)
    const what = `50 new by ${by} authors`
    figures.push({ name: 'sync.catchup', value: bytes, unit: `bytes, ${what}`, n: 1 })
    figures.push({ name: 'sync.catchup', value: roundTrips, unit: `round trips, ${what}`, n: 1 })
    figures.push({ name: 'sync.catchup', value: round2(median(times.map((t) => t.ms))), unit: `ms, ${what}`, n: rounds })
  }
  return figures
}
