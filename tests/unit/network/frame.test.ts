import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Bytes } from '../../../src/lib/bytes.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { encodeFrame, parseFrame } from '../../../src/network/frame.ts'
import { frameBytesMax, type WireMessage, wireSchemas } from '../../../src/network/wire.ts'
import { wireMessage } from '../../support/arbitrary-wire.ts'

const framed = (m: WireMessage): Bytes => {
  const frame = encodeFrame(m)
  if (!frame.ok) throw new Error('too large')
  return frame.value
}

describe('frames', () => {
  it('come back as they were sent', () =>
    fc.assert(
      fc.property(wireMessage, (m) => {
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
      fc.property(wireMessage, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }), fc.nat(), (m, changes, cut) => {
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
    expect(parseFrame(encode(['later', { a: 1 }]))).toEqual({ ok: true, value: { unknown: 'later' } })
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
