import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Cbor, decodeCanonical, encode } from '../../../src/lib/cbor.ts'
import {
  checkOps,
  encodeEntry,
  entryBytesMax,
  entryMessage,
  messageOf,
  parseEntry,
  parseJoin,
  encodeJoin,
} from '../../../src/ledger/entry.ts'
import type { Op, PayLine } from '../../../src/ledger/types.ts'
import { certify, claim, createPerson, createWorld, next, pay, type Person, verifier, type World } from './fixtures.ts'
import { compareBytes, sha256, utf8 } from '../../../src/lib/bytes.ts'

let world: World
let ana: Person
let ben: Person
beforeAll(async () => {
  world = await createWorld()
  ana = await createPerson('ana')
  ben = await createPerson('ben')
})

const decoded = (bytes: Uint8Array): Record<string, Cbor> => {
  const value = decodeCanonical(bytes)
  if (!value.ok) throw new Error('not canonical')
  return value.value as Record<string, Cbor>
}
const reasonOf = (bytes: Uint8Array) => {
  const parsed = parseEntry(bytes)
  return parsed.ok ? undefined : parsed.error.reason
}

describe('an entry', () => {
  it('comes back from its bytes as it was, with a signature that verifies', async () => {
    const made = await next(world, ana, undefined, [ana.join, pay([ben, 5, 6, 1, 0]), { op: 'stake', amount: 0 }])
    const parsed = parseEntry(made.bytes)
    expect(parsed).toEqual({ ok: true, value: made })
    expect(encodeEntry(made.entry)).toEqual(made.bytes)
    expect(await verifier.verify(made.entry.sig, entryMessage(made.entry), ana.device.publicKey)).toBe(true)
  })

  it('round-trips for any well-formed pay lines', async () => {
    const amount = fc.maxSafeNat()
    const line = fc.tuple(fc.uint8Array({ minLength: 32, maxLength: 32 }), amount, amount, amount, amount)
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(line, { selector: ([k]) => k.join(), minLength: 1, maxLength: 20 }), amount, async (lines, time) => {
        const sorted = [...lines].sort(([a], [b]) => compareBytes(a, b)) as unknown as PayLine[]
        const made = await next(world, ana, undefined, [ana.join, { op: 'pay', lines: sorted }], { time })
        expect(parseEntry(made.bytes)).toEqual({ ok: true, value: made })
        expect(messageOf(made)).toEqual(entryMessage(made.entry))
      }),
      { numRuns: 30 },
    )
  })

  it('has one byte string: no single changed, added or missing byte parses to the same entry', async () => {
    const made = await next(world, ana, undefined, [ana.join, pay([ben, 5])])
    fc.assert(
      fc.property(fc.nat(made.bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bytes = made.bytes.slice()
        bytes[at]! ^= flip
        const parsed = parseEntry(bytes)
        if (parsed.ok) expect(parsed.value.entry).not.toEqual(made.entry)
      }),
    )
    expect(reasonOf(new Uint8Array([...made.bytes, 0]))).toBe('malformed')
    expect(reasonOf(made.bytes.slice(0, -1))).toBe('malformed')
  })

  it('is refused where keys are not in canonical order, though every field is right', async () => {
    const { bytes } = await next(world, ana, undefined, [ana.join])
    // The map begins with key `v` (61 76) and its value 01: moved to the end it is the same map in another order.
    expect([...bytes.slice(0, 4)]).toEqual([0xa8, 0x61, 0x76, 0x01])
    const moved = new Uint8Array([0xa8, ...bytes.slice(4), 0x61, 0x76, 0x01])
    expect(reasonOf(moved)).toBe('malformed')
  })

  it('never throws on whatever bytes a peer sends', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void parseEntry(bytes)))
    fc.assert(
      fc.property(fc.anything(), (value) => {
        let bytes: Uint8Array
        try {
          bytes = encode(value as Cbor)
        } catch {
          // What cannot be encoded cannot be sent.
          return
        }
        parseEntry(bytes)
      }),
    )
  })

  it('is refused above its size limit', () => {
    expect(reasonOf(new Uint8Array(entryBytesMax + 1))).toBe('too-large')
  })

  it('keeps the rules of form', async () => {
    const first = await next(world, ana, undefined, [ana.join])
    const bensFirst = await next(world, ben, undefined, [ben.join, pay([ana, 5])])
    const certificate = await certify(world, bensFirst)
    const entry = decoded(first.bytes)
    const withOps = (ops: unknown, change: Record<string, Cbor> = {}): string | undefined =>
      reasonOf(encode({ ...entry, ops: ops as Cbor, ...change }))
    const unsortedPay = { op: 'pay', lines: [...pay([ana, 1], [ben, 1]).lines].reverse() }
    const [line] = pay([ben, 1]).lines

    expect(withOps([ana.join])).toBeUndefined()
    expect(withOps([])).toBe('malformed')
    expect(withOps(Array(257).fill({ op: 'stake', amount: 0 }))).toBe('malformed')
    expect(withOps([pay([ben, 1])])).toBe('malformed')
    expect(withOps([{ op: 'stake', amount: 1 }, ana.join])).toBe('malformed')
    expect(withOps([ana.join, ana.join])).toBe('malformed')
    expect(withOps([ana.join], { seq: 1, prev: first.id })).toBe('malformed')
    expect(withOps([{ op: 'stake', amount: 1 }], { seq: 1, prev: first.id })).toBeUndefined()
    expect(withOps([{ op: 'stake', amount: 1 }], { seq: 1 })).toBe('malformed')
    expect(withOps([ana.join], { prev: first.id })).toBe('malformed')
    expect(withOps([ana.join, pay([ana, 1])])).toBe('malformed')
    expect(withOps([ana.join, unsortedPay])).toBe('malformed')
    expect(withOps([ana.join, { op: 'pay', lines: [line, line] }])).toBe('malformed')
    expect(withOps([ana.join, { op: 'pay', lines: [] }])).toBe('malformed')
    expect(withOps([ana.join, { op: 'pay', lines: [[ben.device.publicKey, -1, 0, 0, 0]] }])).toBe('malformed')
    expect(withOps([ana.join, { op: 'burn', amount: 1 }])).toBe('malformed')
    expect(withOps([{ ...ana.join, more: 1 }])).toBe('malformed')
    expect(withOps([ana.join, claim(certificate)])).toBeUndefined()
    expect(withOps([ana.join, { op: 'claim', lines: [[ben.device.publicKey, first.id, certificate as unknown as Cbor]] }])).toBe(
      'malformed',
    )
    expect(withOps([ana.join, { op: 'claim', lines: [[ana.device.publicKey, certificate.id, certificate as unknown as Cbor]] }])).toBe(
      'malformed',
    )
    expect(withOps([ana.join], { v: 2 })).toBe('malformed')
    expect(withOps([ana.join], { extra: 1 })).toBe('malformed')
  })

  it('names at most 64 dependencies', () => {
    const lines = (n: number): Op => ({
      op: 'claim',
      lines: Array.from({ length: n }, (_, i) => sha256(utf8(`${i}`)))
        .sort(compareBytes)
        .map((key) => [key, key, { author: key, seq: 0, id: key, signatures: [] }]),
    })
    expect(checkOps([lines(63)], 5, ana.device.publicKey).ok).toBe(true)
    expect(checkOps([lines(64)], 5, ana.device.publicKey).ok).toBe(false)
  })

  it('carries a join op alone, with and without referrer', () => {
    expect(parseJoin(encodeJoin(ana.join))).toEqual({ ok: true, value: ana.join })
    const referred = { ...ana.join, referrer: ben.root.publicKey }
    expect(parseJoin(encodeJoin(referred))).toEqual({ ok: true, value: referred })
  })
})
