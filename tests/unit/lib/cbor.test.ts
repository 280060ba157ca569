/**
 * The codec against a library's (cborg): what is encoded is byte for byte the same, and what is accepted is exactly what the rule
 * "decode, encode again, compare" accepts. Where they part stands at the end.
 */
import { decode, encode as cborgEncode, rfc8949EncodeOptions } from 'cborg'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes, concat, equalBytes, utf8 } from '../../../src/lib/bytes.ts'
import { type Cbor, decodeCanonical, encode } from '../../../src/lib/cbor.ts'

const integer = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(
    0,
    -1,
    23,
    24,
    -24,
    -25,
    255,
    256,
    -256,
    -257,
    65_535,
    65_536,
    0xffff_ffff,
    0x1_0000_0000,
    -0x1_0000_0000,
    -0x1_0000_0001,
  ),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
)
const someText = fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.string({ maxLength: 300 }))
const bytes = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 60, maxLength: 300 }))
const key = fc.oneof(
  fc.string({ maxLength: 4 }),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom('__proto__', 'toString', 'ä', '\u{1f600}'),
)
const { value: anyValue } = fc.letrec<{ value: Cbor }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(integer, someText, bytes, fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 30 }),
    fc.dictionary(key, tie('value'), { maxKeys: 30, noNullPrototype: true }),
  ),
}))

const byLibrary = (value: Cbor): Uint8Array => cborgEncode(value, rfc8949EncodeOptions)
const deepest = (value: unknown): number =>
  value === null || typeof value !== 'object' || value instanceof Uint8Array ? 0 : 1 + Math.max(-1, ...Object.values(value).map(deepest))
const plain = (value: unknown): boolean => {
  if (typeof value === 'number') return Number.isSafeInteger(value)
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || value instanceof Uint8Array) return true
  return typeof value === 'object' && Object.values(value).every(plain)
}
const depthMax = 16
/** The rule in the specification's words. */
const byRule = (encoded: Uint8Array): Cbor | undefined => {
  try {
    const options = { strict: true, allowIndefinite: false, allowUndefined: false, allowBigInt: false, rejectDuplicateMapKeys: true }
    const value = decode(encoded, options) as Cbor
    return plain(value) && deepest(value) <= depthMax && equalBytes(byLibrary(value), encoded) ? value : undefined
  } catch {
    return undefined
  }
}
const byteOrderMark = '\ufeff'
const agree = (encoded: Uint8Array): void => {
  const ours = decodeCanonical(encoded)
  const wanted = byRule(encoded)
  // The library drops a mark of byte order from the head of a text, and so cannot encode it again.
  if (ours.ok && wanted === undefined && JSON.stringify(ours.value).includes(byteOrderMark)) return
  expect(ours.ok ? ours.value : undefined).toEqual(wanted)
  if (ours.ok) expect(equalBytes(encode(ours.value), encoded)).toBe(true)
}

/** Head with this major type, in as many bytes as asked for or the least that hold it. */
const sloppyHead = (major: number, n: number, extra: number): Uint8Array => {
  const least = n < 24 ? 0 : n < 0x100 ? 1 : n < 0x1_0000 ? 2 : 3
  const size = Math.min(4, least + extra)
  const length = size === 0 ? 0 : 1 << (size - 1)
  const argument = Array.from({ length }, (_, i) => Math.floor(n / 2 ** (8 * (length - 1 - i))) % 256)
  return Uint8Array.of((major << 5) | (size === 0 ? n : 23 + size), ...argument)
}
/** Any encoding of a value, canonical or not: heads too long, maps in another order, keys twice. */
const sloppy = (value: Cbor, next: () => number): Uint8Array => {
  const head = (major: number, n: number): Uint8Array => sloppyHead(major, n, next() % 12 === 0 ? 1 + (next() % 3) : 0)
  if (typeof value === 'number')
    return Math.abs(value) < 0x1_0000_0000 ? head(value < 0 ? 1 : 0, value < 0 ? -1 - value : value) : encode(value)
  if (value === null || typeof value === 'boolean') return encode(value)
  if (typeof value === 'string') return concat(head(3, utf8(value).length), utf8(value))
  if (value instanceof Uint8Array) return concat(head(2, value.length), value)
  if (Array.isArray(value)) return concat(head(4, value.length), ...(value as Cbor[]).map((part) => sloppy(part, next)))
  const parts = Object.entries(value as Record<string, Cbor>)
    .map(([name, part]) => concat(encode(name), sloppy(part, next)))
    .sort(compareBytes)
  if (parts.length > 1 && next() % 4 === 0) parts.push(parts.splice(next() % parts.length, 1)[0]!)
  if (parts.length > 0 && next() % 12 === 0) parts.push(parts.at(-1)!)
  return concat(head(5, parts.length), ...parts)
}

describe('encode', () => {
  it('writes a thousand keys, numbers among them, in their order', () => {
    const keys = Array.from({ length: 500 }, (_, i) => [`k${i}`, `${i * 7919}`]).flat()
    const value = Object.fromEntries(keys.map((name, i) => [name, i]))
    expect(equalBytes(encode(value), byLibrary(value))).toBe(true)
  })

  it('writes what the library writes', () =>
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(equalBytes(encode(value), byLibrary(value))).toBe(true)
      }),
      { numRuns: 1_000 },
    ))

  it('text without a partner to its surrogate is the same, too, and long text and bytes', () => {
    const long = 'ä'.repeat(100_000)
    for (const value of ['\ud800', 'a\udc00b', 'x'.repeat(64), 'x'.repeat(65), long, new Uint8Array(70_000), [long, long]])
      expect(equalBytes(encode(value), byLibrary(value))).toBe(true)
  })

  it('throws on what is no plain data, and the next call is not disturbed', () => {
    for (const value of [undefined, 1.5, NaN, 2 ** 53, 1n, new Map(), new Date(0), () => 0, [1, undefined], { a: 0.5 }])
      expect(() => encode(value as unknown as Cbor), String(value)).toThrow()
    expect([...encode([1, 'a'])]).toEqual([0x82, 1, 0x61, 0x61])
  })
})

describe('decodeCanonical', () => {
  it('gives back what was encoded', () =>
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(decodeCanonical(encode(value))).toEqual({ ok: true, value })
      }),
      { numRuns: 1_000 },
    ))

  it('accepts of any encoding of a value what the rule accepts', () => {
    let refused = 0
    fc.assert(
      fc.property(anyValue, fc.infiniteStream(fc.nat()), (value, chance) => {
        const encoded = sloppy(value, () => chance.next().value as number)
        agree(encoded)
        if (!decodeCanonical(encoded).ok) refused++
      }),
      { numRuns: 1_000 },
    )
    expect(refused).toBeGreaterThan(100)
  })

  it('accepts of damaged bytes what the rule accepts', () =>
    fc.assert(
      fc.property(anyValue, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }), fc.nat(), (value, changes, cut) => {
        const encoded = encode(value)
        for (const [at, to] of changes) encoded[at % encoded.length] = to
        agree(encoded)
        agree(encoded.slice(0, cut % encoded.length))
        agree(concat(encoded, Uint8Array.of(0)))
      }),
      { numRuns: 1_000 },
    ))

  it('accepts of any bytes what the rule accepts', () =>
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), agree), { numRuns: 5_000 }))

  it('bears what is nested as deeply as any record, and says so of what is deeper', () => {
    const nested = (depth: number): Uint8Array => concat(new Uint8Array(depth).fill(0x81), Uint8Array.of(0))
    expect(decodeCanonical(nested(16)).ok).toBe(true)
    expect(decodeCanonical(nested(17))).toEqual({ ok: false, error: { type: 'cbor', reason: 'too-deep' } })
    expect(decodeCanonical(nested(1_000_000))).toEqual({ ok: false, error: { type: 'cbor', reason: 'too-deep' } })
  })

  it('a head that promises more than there is costs nothing', () => {
    for (const first of [0x5b, 0x7b, 0x9b, 0xbb])
      expect(decodeCanonical(Uint8Array.of(first, 0, 0x1f, 255, 255, 255, 255, 255, 255)).ok).toBe(false)
  })

  it('a key named __proto__ is a key', () => {
    const value = Object.defineProperty({}, '__proto__', { value: { polluted: true }, enumerable: true }) as Cbor
    const decoded = decodeCanonical(encode(value))
    expect(decoded.ok && Object.getOwnPropertyNames(decoded.value)).toEqual(['__proto__'])
    expect('polluted' in {}).toBe(false)
  })

  it('a mark of byte order stays, which the library would drop', () => {
    expect(decodeCanonical(encode(`${byteOrderMark}a`))).toEqual({ ok: true, value: `${byteOrderMark}a` })
  })
})
