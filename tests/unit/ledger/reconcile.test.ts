import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encode } from '../../../src/lib/cbor.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createFingerprintTree } from '../../../src/ledger/fingerprint-tree.ts'
import { encodeRanges, parseRanges, reconcileBytesMax, type SyncItem } from '../../../src/ledger/reconcile-message.ts'
import { answerReconcile, continueReconcile, reconcileRoundsMax, startReconcile, type SyncSet } from '../../../src/ledger/reconcile.ts'

const item = (n: number, time = n): SyncItem => {
  const id = sha256(utf8(`item ${n}`))
  return n % 10 === 9 ? { time, id } : { time, id, head: { author: sha256(utf8(`author ${n}`)), seq: n } }
}
const setOf = (items: readonly SyncItem[]): SyncSet => {
  const set = createFingerprintTree<SyncItem>()
  for (const one of items) set.insert(one)
  return set
}
const show = (items: Iterable<SyncItem>): string[] => [...items].map(({ id }) => toHex(id)).sort()

/** To the end; every message from its bytes. */
const reconcile = (ours: SyncSet, theirs: SyncSet, bytesMax = reconcileBytesMax) => {
  let [state, message] = startReconcile(ours, bytesMax)
  let bytes = message.length
  for (;;) {
    expect(message.length).toBeLessThanOrEqual(bytesMax)
    const answer = answerReconcile(theirs, message, bytesMax)
    if (!answer.ok) throw new Error(JSON.stringify(answer.error))
    expect(answer.value.length).toBeLessThanOrEqual(bytesMax)
    const next = continueReconcile(ours, state, answer.value, bytesMax)
    if (!next.ok) throw new Error(JSON.stringify(next.error))
    bytes += answer.value.length + (next.value[1]?.length ?? 0)
    const rounds = state.rounds
    if (next.value[1] === null) return { found: next.value[0], rounds, bytes }
    ;[state, message] = next.value as [typeof state, typeof message]
  }
}

describe('what two sets do not have in common is found', () => {
  /** Sizes and differences of every kind; few times, so that ids alone order many. */
  const cases = fc.record({
    common: fc.integer({ min: 0, max: 700 }),
    ours: fc.integer({ min: 0, max: 120 }),
    theirs: fc.integer({ min: 0, max: 300 }),
    times: fc.constantFrom(1, 3, 1_000_000_000),
    seed: fc.nat(),
    bytesMax: fc.constantFrom(reconcileBytesMax, 1200),
  })

  test('any two sets become their union, within the bytes of a message', () => {
    fc.assert(
      fc.property(cases, ({ common, ours, theirs, times, seed, bytesMax }) => {
        const random = createSeededRandom(seed)
        const all = Array.from({ length: common + ours + theirs }, (_, n) => {
          const [a, b, c, d] = random.bytes(4)
          return item(n, (((a! << 24) | (b! << 16) | (c! << 8) | d!) >>> 0) % times)
        })
        const mine = all.slice(0, common + ours)
        const other = [...all.slice(0, common), ...all.slice(common + ours)]
        const { found } = reconcile(setOf(mine), setOf(other), bytesMax)
        expect(show(found.lacked.values())).toEqual(show(all.slice(common + ours)))
        expect(show(found.offered.values())).toEqual(show(all.slice(common, common + ours)))
      }),
      { numRuns: 120 },
    )
  })

  test('equal sets take one round trip of a few hundred bytes', () => {
    const items = Array.from({ length: 1000 }, (_, n) => item(n, n * 1000))
    const { rounds, bytes, found } = reconcile(setOf(items), setOf(items))
    expect(rounds).toBe(1)
    expect(bytes).toBeLessThan(600)
    expect([found.lacked.size, found.offered.size]).toEqual([0, 0])
  })

  test('a newcomer is told everything', () => {
    const items = Array.from({ length: 3000 }, (_, n) => item(n))
    const { found, rounds } = reconcile(setOf([]), setOf(items))
    expect(found.lacked.size).toBe(3000)
    expect(rounds).toBeLessThan(12)
  })

  test('what arrives while it runs does not keep it from ending', () => {
    const [ours, theirs] = [setOf([]), setOf(Array.from({ length: 2000 }, (_, n) => item(n)))]
    let [state, message] = startReconcile(ours, 4000)
    for (let round = 0; round < 100; round++) {
      const answer = answerReconcile(theirs, message, 4000)
      for (let n = 0; n < 20; n++) theirs.insert(item(10_000 + round * 20 + n, n))
      const next = answer.ok ? continueReconcile(ours, state, answer.value, 4000) : answer
      if (!next.ok) throw new Error(JSON.stringify(next.error))
      if (next.value[1] === null) break
      ;[state, message] = next.value as [typeof state, typeof message]
      expect(round).toBeLessThan(99)
    }
    expect(state.lacked.size).toBeGreaterThan(1900)
  })
})

describe('what a peer may do', () => {
  const ours = setOf(Array.from({ length: 300 }, (_, n) => item(n)))

  test('any bytes at all are refused or answered within the limit', () => {
    const [state, first] = startReconcile(ours)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), fc.nat(255), (junk, at, byte) => {
        const mutated = first.map((b, i) => (i === at % first.length ? byte : b))
        for (const bytes of [junk, mutated]) {
          const answer = answerReconcile(ours, bytes)
          if (answer.ok) expect(answer.value.length).toBeLessThanOrEqual(reconcileBytesMax)
          const next = continueReconcile(ours, state, bytes)
          if (next.ok) expect(next.value[1]?.length ?? 0).toBeLessThanOrEqual(reconcileBytesMax)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('one that never agrees is given up after a bounded number of rounds', () => {
    let [state, message] = startReconcile(ours)
    const lie = encodeRanges([{ upper: null, say: 'fingerprint', fingerprint: new Uint8Array(16) }])
    for (let round = 0; ; round++) {
      const next = continueReconcile(ours, state, lie)
      if (!next.ok) {
        expect(next.error).toEqual({ type: 'endless' })
        expect(round).toBeLessThanOrEqual(reconcileRoundsMax)
        break
      }
      expect(next.value[1]).not.toBeNull()
      ;[state, message] = next.value as [typeof state, typeof message]
    }
    expect(message.length).toBeLessThan(reconcileBytesMax)
  })

  test('what belongs elsewhere in the protocol is refused by name', () => {
    const [state] = startReconcile(ours)
    const ids = encodeRanges([{ upper: null, say: 'ids', ids: [] }])
    const all = encodeRanges([{ upper: null, say: 'all', items: [] }])
    expect(continueReconcile(ours, state, ids)).toEqual({ ok: false, error: { type: 'protocol' } })
    expect(answerReconcile(ours, all)).toEqual({ ok: false, error: { type: 'protocol' } })
    const outside = encodeRanges([
      { upper: { time: 5, id: new Uint8Array(0) }, say: 'all', items: [item(7)] },
      { upper: null, say: 'done' },
    ])
    expect(continueReconcile(ours, state, outside)).toEqual({ ok: false, error: { type: 'protocol' } })
  })

  test('a message has one form', () => {
    const bytes = startReconcile(ours)[1]
    const parsed = parseRanges(bytes)
    expect(parsed.ok && encodeRanges(parsed.value)).toEqual(bytes)
    const tag = new Uint8Array(0)
    const bad: Record<string, unknown> = {
      empty: [1],
      version: [2, [0, tag, 0]],
      'not in order': [1, [0, tag, 0], [0, tag, 0]],
      'last range ends': [1, [5, tag, 0]],
      'half an id': [1, [0, tag, 2, new Uint8Array(15)]],
      'long bound': [1, [5, new Uint8Array(33), 0], [0, tag, 0]],
      'time out of bounds': [1, [Number.MAX_SAFE_INTEGER, tag, 0], [1, tag, 0], [0, tag, 0]],
      'too many ranges': [1, ...Array.from({ length: 1025 }, () => [1, tag, 0]), [0, tag, 0]],
      'too large': [1, [0, tag, 2, new Uint8Array(16 * 4096)]],
    }
    for (const [what, value] of Object.entries(bad)) expect(parseRanges(encode(value as never)).ok, what).toBe(false)
  })
})
