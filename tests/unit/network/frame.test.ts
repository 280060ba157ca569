import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Bytes } from '../../../src/lib/bytes.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { encodeFrame, parseFrame } from '../../../src/network/frame.ts'
import { frameBytesMax, type WireMessage, wireSchemas } from '../../../src/network/wire.ts'

const bytes = (length: number): fc.Arbitrary<Bytes> => fc.uint8Array({ minLength: length, maxLength: length }) as fc.Arbitrary<Bytes>
const upTo = (length: number): fc.Arbitrary<Bytes> => fc.uint8Array({ maxLength: length }) as fc.Arbitrary<Bytes>
const n = fc.nat()

/** Every type has a message here: a new one fails to compile until it is added. */
const bodies: { readonly [T in keyof typeof wireSchemas]: fc.Arbitrary<unknown> } = {
  'policy?': fc.constant({}),
  policy: fc.record({ bytes: upTo(500) }),
  redeem: fc.record({ token: bytes(16), join: upTo(200) }),
  refused: fc.record({ re: fc.constantFrom('redeem', 'certify', 'forward'), reason: fc.string({ maxLength: 50 }), author: bytes(32) }),
  certify: fc.record({ entries: fc.array(upTo(200), { maxLength: 5 }) }),
  entries: fc.record({ entries: fc.array(upTo(200), { maxLength: 5 }), certificate: fc.constant(null) }),
  'head?': fc.record({ author: bytes(32) }),
  head: fc.record({
    author: bytes(32),
    summary: fc.option(fc.record({ author: bytes(32), seq: n, id: bytes(32), claimed: n, paid: n, staked: n })),
  }),
  'range?': fc.record({ author: bytes(32), from: n }),
  signed: fc.record({ message: upTo(500), hops: fc.nat(3) }),
  chunk: fc.record({
    agreement: bytes(32),
    direction: fc.constantFrom(0, 1),
    index: fc.nat(65_536),
    last: fc.boolean(),
    enc: fc.option(bytes(32)),
    data: upTo(500),
  }),
  want: fc.record({ agreement: bytes(32), direction: fc.constantFrom(0, 1), from: fc.nat(65_536) }),
  forward: fc.record({ to: bytes(32), from: bytes(32), frame: upTo(500) }),
  neighbours: fc.record({ peers: fc.array(bytes(32), { maxLength: 5 }) }),
  introduce: fc.record({
    to: bytes(32),
    from: bytes(32),
    id: bytes(16),
    kind: fc.constantFrom('offer', 'answer', 'refuse'),
    sdp: upTo(500),
  }),
  ping: fc.record({ nonce: n }),
  pong: fc.record({ nonce: n }),
}
const message = fc.oneof(...Object.entries(bodies).map(([type, body]) => body.map((b) => [type, b] as unknown as WireMessage)))

const framed = (m: WireMessage): Bytes => {
  const frame = encodeFrame(m)
  if (!frame.ok) throw new Error('too large')
  return frame.value
}

describe('frames', () => {
  it('come back as they were sent', () =>
    fc.assert(
      fc.property(message, (m) => {
        const parsed = parseFrame(framed(m))
        expect(parsed.ok && !('unknown' in parsed.value) && encode(parsed.value as never)).toEqual(framed(m))
      }),
    ))

  it('random bytes are never a message and never throw', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (junk) => {
        const parsed = parseFrame(junk)
        return !parsed.ok || 'unknown' in parsed.value
      }),
    ))

  it('mutated frames are refused, unknown, or another valid message in canonical form', () =>
    fc.assert(
      fc.property(message, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }), fc.nat(), (m, changes, cut) => {
        const frame = framed(m)
        for (const [at, byte] of changes) frame[at % frame.length] = byte
        const mutated = cut % 3 === 0 ? frame.subarray(0, cut % frame.length) : frame
        const parsed = parseFrame(mutated)
        if (parsed.ok && !('unknown' in parsed.value)) expect(encode(parsed.value as never)).toEqual(mutated.slice())
      }),
    ))

  it('any CBOR value in place of a body is judged without throwing', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(wireSchemas), 'later', '__proto__', 'constructor', 'toString'),
        fc.jsonValue(),
        (type, body) => {
          const whole = JSON.parse(JSON.stringify(body), (_key, x: unknown) =>
            typeof x === 'number' ? Math.trunc(x % 2 ** 53) : x,
          ) as never
          const parsed = parseFrame(encode([type, whole]))
          if (!Object.hasOwn(wireSchemas, type)) expect(parsed).toEqual({ ok: true, value: { unknown: type } })
        },
      ),
    ))

  it('unknown types are told apart from malformed ones', () => {
    expect(parseFrame(encode(['checkpoint', { a: 1 }]))).toEqual({ ok: true, value: { unknown: 'checkpoint' } })
    expect(parseFrame(encode(['ping', { nonce: -1 }]))).toMatchObject({ ok: false, error: { type: 'malformed' } })
    expect(parseFrame(encode(['ping', { nonce: 1, more: 1 }]))).toMatchObject({ ok: false })
    expect(parseFrame(encode(['ping']))).toMatchObject({ ok: false })
    expect(parseFrame(encode('ping'))).toMatchObject({ ok: false })
  })

  it('oversize frames are refused unread, and cannot be made', () => {
    expect(parseFrame(new Uint8Array(frameBytesMax + 1))).toEqual({ ok: false, error: { type: 'too-large', bytes: frameBytesMax + 1 } })
    expect(encodeFrame(['policy', { bytes: new Uint8Array(frameBytesMax) }])).toMatchObject({ ok: false, error: { type: 'too-large' } })
  })
})
