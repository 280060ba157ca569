/** Bodies of signed contract messages by chance, of every kind; now and then with what is real in them. */
import fc from 'fast-check'
import type { Body, Kind } from '../../src/contract/messages.ts'
import type { DeviceCertificate } from '../../src/identity/keys.ts'
import type { Bytes } from '../../src/lib/bytes.ts'

export interface SignedFields {
  readonly kind: Kind
  readonly body: Body<Kind>
}

/** What is real: it makes a message come further than chance would. */
export interface Pool {
  readonly ids: readonly Bytes[]
  readonly classes: readonly string[]
  readonly device: DeviceCertificate
}

const bytes = (length: number): fc.Arbitrary<Bytes> => fc.uint8Array({ minLength: length, maxLength: length }) as fc.Arbitrary<Bytes>
/** Small, usual and absurd. */
const n = fc.oneof(fc.nat(5), fc.nat(), fc.constantFrom(0, Number.MAX_SAFE_INTEGER, 1_000_000))

export const signedFields = ({ ids, classes, device }: Pool): fc.Arbitrary<SignedFields> => {
  const id = ids.length > 0 ? fc.oneof(bytes(32), fc.constantFrom(...ids)) : bytes(32)
  const resultClass = fc.constantFrom('', 'x', ...classes)
  const reason = fc.string({ maxLength: 20 })
  const bodies: { readonly [K in Kind]: fc.Arbitrary<unknown> } = {
    sow: fc.record({
      type: fc.constant('embedding'),
      model: fc.constantFrom('mini', 'never-heard-of'),
      size: fc.nat(1 << 26),
      units: n,
      maxPrice: n,
      redundancy: fc.integer({ min: 1, max: 9 }),
      priority: fc.constantFrom('low', 'normal', 'high'),
    }),
    quote: fc.record({
      sow: id,
      price: n,
      stepMicro: n,
      etaMs: n,
      classes: fc.array(resultClass, { minLength: 1, maxLength: 8 }),
      kem: bytes(32),
      root: fc.oneof(bytes(32), fc.constant(device.root)),
      certificate: fc.oneof(bytes(64), fc.constant(device.signature)),
    }),
    agreement: fc.record({ sow: id, quote: id, commitment: bytes(32), price: n, units: n, deadline: n, kem: bytes(32), resultClass }),
    countersign: fc.record({ agreement: id }),
    refuse: fc.record({ agreement: id, reason }),
    prepay: fc.record({ agreement: id, total: n }),
    progress: fc.record({ agreement: id, done: n, of: n }),
    result: fc.record({ agreement: id, outputHash: bytes(32), bytes: fc.nat(1 << 26), resultClass, busyMs: n }),
    reward: fc.record({ agreement: id, total: n, units: n, ok: n, bad: n, accepted: fc.boolean() }),
    receipt: fc.record({ agreement: id, total: n }),
    cancel: fc.record({ agreement: id, reason }),
  }
  return fc.oneof(...Object.entries(bodies).map(([kind, body]) => body.map((b) => ({ kind, body: b }) as SignedFields)))
}
