import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contradicts, noNotices, type Notices, takeNotice } from '../../../src/economy/notice-book.ts'
import { blockedMax, type KnownNotice, nextNotice, noticeBytesMax, noticesMax, verifyNotice } from '../../../src/economy/notice-codec.ts'
import { admits, type Terms, termsOf } from '../../../src/economy/notice.ts'
import { createPolicy, swarmIdOf } from '../../../src/economy/policy-codec.ts'
import { sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { frameBytesMax } from '../../../src/network/wire.ts'
import { encodeFrame } from '../../../src/network/frame.ts'
import { mini } from '../../../src/tasks/models.ts'
import { signerOf, startMs, verifier } from '../ledger/fixtures.ts'

const founder = signerOf('founder')
const policy = createPolicy(
  { random: createSeededRandom('notices'), now: startMs },
  { name: 'friends', founder: founder.publicKey, witnesses: [signerOf('a').publicKey], issuer: signerOf('i').publicKey, models: [mini] },
)
const swarm = swarmIdOf(policy)
const after = async (last: KnownNotice | undefined, changes: Partial<Terms> = {}, now = startMs): Promise<KnownNotice> => {
  const made = await nextNotice(founder, { policy, last, now }, changes)
  if (!made.ok) throw new Error(JSON.stringify(made.error))
  return made.value
}
const price = (embedding: number): Partial<Terms> => ({ prices: { embedding } })
const hash = (known: KnownNotice | undefined): string => (known ? toHex(known.hashes.at(-1)!) : '')

describe('a notice', () => {
  it('follows the policy, then the one before; what it does not change stays', async () => {
    const first = await after(undefined, { ...price(7), relays: ['wss://relay.example'] })
    const second = await after(first, { blocked: [signerOf('b').publicKey, signerOf('a').publicKey, signerOf('b').publicKey] })
    expect(second.notice).toMatchObject({ version: 2, prices: { embedding: 7 }, relays: ['wss://relay.example'], models: [mini] })
    expect(second.notice.blocked).toHaveLength(2)
    expect(second.hashes.slice(0, 2)).toEqual([swarm, first.hashes[1]])
    expect(await verifyNotice(verifier, second.bytes, { swarm, founder: founder.publicKey })).toEqual({ ok: true, value: second })
  })

  it('leaves the policy as it is where there is none', () => {
    expect(termsOf(policy, undefined)).toMatchObject({ prices: policy.prices, models: policy.models, relays: [], blocked: [] })
  })

  it('blocks by identity or by device', () => {
    const [root, device, other] = ['root', 'device', 'other'].map((name) => signerOf(name).publicKey) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    const admitted = admits({ blocked: [root as Uint8Array<ArrayBuffer>] })
    expect([admitted(root, device), admitted(device), admitted(other, device)]).toEqual([false, true, true])
  })

  it('cannot name the founder, who certifies the relays', async () => {
    expect(await nextNotice(founder, { policy, last: undefined, now: 0 }, { blocked: [founder.publicKey] })).toMatchObject({
      error: { reason: 'founder-blocked' },
    })
  })

  it('asks no more for a text than a member may owe', async () => {
    expect(await nextNotice(founder, { policy, last: undefined, now: 0 }, price(policy.tabMicro + 1))).toMatchObject({
      error: { reason: 'price' },
    })
  })

  it('is one frame, at its largest and after a thousand of them', async () => {
    const blocked = Array.from({ length: blockedMax }, (_, i) => sha256(utf8(`blocked ${i}`)))
    const trail = Array.from({ length: noticesMax - 2 }, (_, i) => sha256(utf8(`digest ${i}`)))
    const first = await after(undefined)
    const long = { ...first, notice: { ...first.notice, version: noticesMax - 1 }, trail, hashes: [] }
    const last = await after(long, { blocked, models: Array.from({ length: 18 }, (_, i) => ({ ...mini, name: `m${i}` })) })
    expect(last.notice.version).toBe(noticesMax)
    expect(last.bytes.length).toBeLessThan(noticeBytesMax)
    const frame = encodeFrame(['notice', { bytes: last.bytes }])
    expect(frame.ok && frame.value.length).toBeLessThan(frameBytesMax - 256)
    expect(await nextNotice(founder, { policy, last, now: 0 }, {})).toMatchObject({ error: { reason: 'last' } })
    const models = Array.from({ length: 32 }, (_, i) => ({ ...mini, name: `m${i}` }))
    expect(await nextNotice(founder, { policy, last: undefined, now: 0 }, { blocked, models })).toMatchObject({
      error: { reason: 'too-large' },
    })
  })
})

describe('the notice that holds', () => {
  /** Notices of a founder that signs as it likes: each follows one of those before it, or none. */
  const histories = async (parents: readonly number[]): Promise<readonly KnownNotice[]> => {
    const made: KnownNotice[] = []
    for (const [i, parent] of parents.entries()) made.push(await after(made[parent % (i + 1)], price(i + 1)))
    return made
  }
  const takeAll = (all: readonly KnownNotice[]): Notices => all.reduce(takeNotice, noNotices)

  it('is the same in whatever order and however often they come, and two histories are noticed by all', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 7 }),
        fc.infiniteStream(fc.nat()),
        async (parents, picks) => {
          const all = await histories(parents)
          const once = takeAll(all)
          const shuffled = [...all, ...all].map((one) => [picks.next().value as number, one] as const).sort(([a], [b]) => a - b)
          const again = takeAll(shuffled.map(([, one]) => one))
          expect(hash(again.newest)).toBe(hash(once.newest))
          const two = all.some((a) => all.some((b) => contradicts(a, b)))
          for (const { newest, against } of [once, again]) {
            expect(against !== undefined).toBe(two)
            if (against) expect(contradicts(newest!, against)).toBe(true)
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('naive: the first that came of a version would hold elsewhere the other one', async () => {
    const [a, b] = [await after(undefined, price(1)), await after(undefined, price(2))]
    const naive = (all: readonly KnownNotice[]): KnownNotice =>
      all.reduce((held, one) => (one.notice.version > held.notice.version ? one : held))
    expect(hash(naive([a, b]))).not.toBe(hash(naive([b, a])))
    expect(hash(takeAll([a, b]).newest)).toBe(hash(takeAll([b, a]).newest))
  })

  it('says of an own history, brought again, nothing new', async () => {
    const first = await after(undefined)
    const second = await after(first)
    const held = takeAll([first, second])
    expect(takeNotice(held, first)).toBe(held)
    expect(held.against).toBeUndefined()
  })
})
