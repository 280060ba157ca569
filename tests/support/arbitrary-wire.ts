/** Wire messages of every type by chance, for tests of what must hold whatever a peer says. */
import fc from 'fast-check'
import type { Bytes } from '../../src/lib/bytes.ts'
import type { WireMessage, wireSchemas } from '../../src/network/wire.ts'

const bytes = (length: number): fc.Arbitrary<Bytes> => fc.uint8Array({ minLength: length, maxLength: length }) as fc.Arbitrary<Bytes>
const upTo = (length: number): fc.Arbitrary<Bytes> => fc.uint8Array({ maxLength: length }) as fc.Arbitrary<Bytes>
const n = fc.nat()

/** Every type has a message here: a new one fails to compile until it is added. */
const bodies: { readonly [T in keyof typeof wireSchemas]: fc.Arbitrary<unknown> } = {
  'policy?': fc.constant({}),
  policy: fc.record({ bytes: upTo(500) }),
  'notice?': fc.record({ version: fc.nat(1_000), hash: bytes(32), contradicted: fc.boolean() }),
  notice: fc.record({ bytes: upTo(500) }),
  redeem: fc.record({ token: bytes(16), join: upTo(200) }),
  refused: fc.record({
    re: fc.constantFrom('redeem', 'certify', 'carry', 'forward'),
    reason: fc.string({ maxLength: 50 }),
    author: bytes(32),
  }),
  certify: fc.record({ entries: fc.array(upTo(200), { maxLength: 5 }) }),
  entries: fc.record({ entries: fc.array(upTo(200), { maxLength: 5 }), certificate: fc.constant(null) }),
  'head?': fc.record({ author: bytes(32) }),
  head: fc.record({
    author: bytes(32),
    summary: fc.option(fc.record({ author: bytes(32), seq: n, id: bytes(32), claimed: n, paid: n, staked: n })),
    penalties: fc.record({ slashed: n, closed: fc.boolean() }),
    block: fc.record({ salt: bytes(16), labels: fc.array(bytes(16), { minLength: 1, maxLength: 4 }) }),
  }),
  'range?': fc.record({ author: bytes(32), from: n }),
  'devices?': fc.record({ identity: bytes(32) }),
  devices: fc.record({ identity: bytes(32), devices: fc.array(bytes(32), { maxLength: 4 }) }),
  'balance?': fc.record({ account: bytes(32), root: fc.option(bytes(32)) }),
  balance: fc.record({ account: bytes(32), checkpoint: fc.option(upTo(200)), proof: fc.option(upTo(500)) }),
  carry: fc.record({ account: bytes(32), proof: upTo(500), signature: fc.option(bytes(64)) }),
  witness: fc.record({ witness: bytes(32), device: bytes(32), signature: bytes(64) }),
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
  'wrong-result': fc.record({ agreement: upTo(500), result: upTo(500), kem: bytes(32) }),
  'evidence?': fc.record({ agreement: bytes(32), key: fc.option(fc.record({ witness: bytes(32), kem: bytes(32), signature: bytes(64) })) }),
  evidence: fc.record({ agreement: bytes(32), index: fc.nat(256), last: fc.boolean(), enc: fc.option(bytes(32)), data: upTo(500) }),
  forward: fc.record({ to: bytes(32), from: bytes(32), frame: upTo(500) }),
  neighbours: fc.record({ peers: fc.array(bytes(32), { maxLength: 5 }), relays: fc.array(bytes(32), { maxLength: 5 }) }),
  introduce: fc.record({
    to: bytes(32),
    from: bytes(32),
    id: bytes(16),
    kind: fc.constantFrom('offer', 'answer', 'refuse'),
    sdp: upTo(500),
  }),
  'heads?': fc.record({ session: n, bytes: upTo(200) }),
  heads: fc.record({ session: n, bytes: upTo(200), root: bytes(32) }),
  'ranges?': fc.record({ parts: fc.array(fc.tuple(bytes(32), n), { maxLength: 5 }), facts: fc.array(bytes(32), { maxLength: 5 }) }),
  ranges: fc.record({
    runs: fc.array(fc.record({ entries: fc.array(upTo(200), { maxLength: 5 }), certificate: fc.constant(null) }), {
      minLength: 1,
      maxLength: 5,
    }),
  }),
  fork: fc.record({ entries: fc.array(upTo(200), { minLength: 1, maxLength: 2 }) }),
  verdict: fc.record({ bytes: upTo(500) }),
  fraud: fc.record({ bytes: upTo(500) }),
  propose: fc.record({ day: n, part: n, last: fc.boolean(), bytes: upTo(500) }),
  checkpoint: fc.record({ bytes: upTo(500) }),
  'leaves?': fc.record({ day: n, authors: fc.array(bytes(32), { minLength: 1, maxLength: 8 }) }),
  leaves: fc.record({ day: n, part: n, last: fc.boolean(), bytes: upTo(500) }),
  broken: fc.record({ bytes: upTo(500) }),
  ping: fc.record({ nonce: n }),
  pong: fc.record({ nonce: n }),
}
export const wireMessage: fc.Arbitrary<WireMessage> = fc.oneof(
  ...Object.entries(bodies).map(([type, body]) => body.map((b) => [type, b] as unknown as WireMessage)),
)
