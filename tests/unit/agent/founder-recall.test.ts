/** Whose word ends a founder's recall: a keeper's, and where there is none its founder's own. */
import { expect, test } from 'vitest'
import { type Asked, startRecall } from '../../../src/agent/founder-recall.ts'
import type { Kept } from '../../../src/agent/keepsakes.ts'
import { segments } from '../../../src/agent/relay-segments.ts'
import type { ParsedEntry } from '../../../src/ledger/entry.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import type { Network, Peer } from '../../../src/network/network.ts'
import { certify, createPerson, createWorld, next, pay, startMs, verifier } from '../ledger/fixtures.ts'

const chainOf = async (
  length: number,
): Promise<{ readonly kept: readonly Kept[]; readonly world: Awaited<ReturnType<typeof createWorld>> }> => {
  const world = await createWorld()
  const ana = await createPerson('ana')
  const kept: Kept[] = []
  let top: ParsedEntry | undefined
  for (let seq = 0; seq < length; seq++) {
    top = await next(world, world.issuer, top, seq === 0 ? [world.issuer.join, pay([ana, 1])] : [pay([ana, seq + 1])])
    kept.push({ entry: top.bytes, certificate: await certify(world, top) })
  }
  return { kept, world }
}

/** Peers answer as soon as they are asked: with what they keep of the issuer's chain, then its end. */
const open = async (held: number, stored: Readonly<Record<string, number>>, whole = 4) => {
  const { kept, world } = await chainOf(whole)
  const clock = createManualClock(startMs)
  const here = new Set<string>()
  const listeners = new Set<Parameters<Network['onMessage']>[0]>()
  const joins = new Set<Parameters<Network['onPeer']>[0]>()
  const peer = (id: string): Peer => ({
    ...{ id, device: world.issuer.device.publicKey, root: world.issuer.root.publicKey },
    ...({ role: 'node', via: 'webrtc', sinceMs: 0, silentMs: 0, sleptMs: 0, latencyMs: 0 } as const),
  })
  const say = (from: string, body: ReturnType<typeof segments>[number]): void =>
    listeners.forEach((tell) => tell(from, ['entries', body], false))
  const author = world.issuer.device.publicKey
  const chains: readonly Asked[] = [{ author, from: held, held: kept.slice(0, held) }]
  let recalled: readonly number[] | undefined
  let missed = 0
  let goOn = (): void => {}
  const arrive = (id: string): void => {
    here.add(id)
    joins.forEach((tell) => tell(peer(id), 'joined'))
  }
  const start = (): void => {
    const running = startRecall({
      missed: () => missed++,
      clock,
      verifier,
      rules: world.rules,
      chains,
      introduce: () => {},
      network: {
        peers: () => [...here].map(peer),
        onMessage: (listener) => {
          listeners.add(listener)
          return () => void listeners.delete(listener)
        },
        onPeer: (listener) => {
          joins.add(listener)
          return () => void joins.delete(listener)
        },
        send: async (to, message) => {
          const from = message[0] === 'range?' ? message[1].from : 0
          clock.after(0, () => {
            for (const one of kept.slice(from, stored[to] ?? 0)) say(to, segments([one.entry], one.certificate)[0]!)
            say(to, { entries: [], certificate: null })
          })
          return { ok: true, value: undefined }
        },
      },
    })
    goOn = running.goOn
    void running.recalled.then((found) => (recalled = found?.get(toHex(author))?.map(({ certificate }) => certificate.seq)))
  }
  return { clock, arrive, start, recalled: () => recalled, missed: () => missed, goOn: () => goOn() }
}

test('who has nothing to tell does not end it before a keeper comes', async () => {
  const { clock, arrive, start, recalled } = await open(2, { keeper: 4 })
  arrive('stranger')
  start()
  await clock.advance(20_000)
  expect(recalled()).toBeUndefined()
  arrive('keeper')
  await clock.advance(4_000)
  expect(recalled()).toBeUndefined()
  await clock.advance(6_000)
  expect(recalled()).toEqual([2, 3])
})

test('after a keeper that is behind the others still have their time', async () => {
  const { clock, arrive, start, recalled } = await open(2, { behind: 2, keeper: 4 })
  arrive('behind')
  start()
  await clock.advance(4_000)
  arrive('keeper')
  await clock.advance(6_000)
  expect(recalled()).toEqual([2, 3])
})

test('where nothing was given any answer counts', async () => {
  const fresh = await open(0, {})
  fresh.arrive('stranger')
  fresh.start()
  await fresh.clock.advance(10_000)
  expect(fresh.recalled()).toEqual([])
})

test('nobody’s silence ends it: it says that keepers are missing, and waits for one, however long', async () => {
  const { clock, arrive, start, recalled, missed } = await open(2, { keeper: 4 })
  arrive('stranger')
  start()
  await clock.advance(28_000)
  expect(missed()).toBe(0)
  await clock.advance(60 * 60_000)
  expect([recalled(), missed()]).toEqual([undefined, 1])
  arrive('keeper')
  await clock.advance(10_000)
  expect(recalled()).toEqual([2, 3])
})

test('its founder alone decides to go on without them, with what has been told so far', async () => {
  const { clock, arrive, start, recalled, missed, goOn } = await open(2, {})
  start()
  await clock.advance(32_000)
  expect(missed()).toBe(1)
  arrive('stranger')
  await clock.advance(60_000)
  expect(recalled()).toBeUndefined()
  goOn()
  await clock.advance(0)
  expect(recalled()).toEqual([])
})
