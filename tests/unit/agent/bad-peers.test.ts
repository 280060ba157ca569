/**
 * Members of the swarm that say whatever they like: damaged, oversize and invented frames of every type, and well-signed
 * contract messages that fit nothing. Requester, worker and relay go on working, and nobody is charged for it.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Job } from '../../../src/agent/jobs.ts'
import { parseMessage, signMessage } from '../../../src/contract/signed.ts'
import { helloMessage } from '../../../src/identity/hello-message.ts'
import type { DeviceCertificate, NodeId } from '../../../src/identity/keys.ts'
import { createNobleVerifier } from '../../../src/identity/noble.ts'
import { type Bytes, fromHex, sha256 } from '../../../src/lib/bytes.ts'
import { createSeededRandom, type Random, randomBelow } from '../../../src/lib/random.ts'
import { createNetwork } from '../../../src/network/create-network.ts'
import type { Network } from '../../../src/network/network.ts'
import type { Link, RelayDialer, Rtc } from '../../../src/network/ports.ts'
import { frameBytesMax } from '../../../src/network/wire.ts'
import { type SignedFields, signedFields } from '../../support/arbitrary-signed.ts'
import { wireMessage } from '../../support/arbitrary-wire.ts'
import { fakeClass } from '../../support/fake-engine.ts'
import { createMemorySwarm, grantMicro, type MemoryAgent, type MemorySwarm } from '../../support/memory-agents.ts'
import { memorySeal } from '../../support/memory-network.ts'
import { testIdentity } from '../../support/memory-nodes.ts'

const perText = 50_000
/** What becomes of a frame on its way out: mostly itself, or itself damaged, doubled, or something else altogether. */
const disturb = (frame: Uint8Array, random: Random): readonly Uint8Array[] => {
  const die = randomBelow(random, 10)
  if (die === 0) return [frame.map((byte) => (randomBelow(random, frame.length) < 3 ? randomBelow(random, 256) : byte))]
  if (die === 1) return [frame.slice(0, randomBelow(random, frame.length + 1))]
  if (die === 2) return [random.bytes(randomBelow(random, 2_000))]
  if (die === 3) return [new Uint8Array(frameBytesMax + 1 + randomBelow(random, 10_000))]
  if (die === 4) return [frame, frame, frame]
  return [frame]
}

type Disturb = (frame: Uint8Array) => readonly Uint8Array[]

const disturbedLink = (link: Link, by: Disturb): Link => ({
  ...link,
  send: (frame) => {
    for (const each of by(frame)) link.send(each)
  },
})
const disturbed = (link: Awaited<ReturnType<RelayDialer['dial']>>, by: Disturb): typeof link =>
  link.ok ? { ok: true, value: disturbedLink(link.value, by) } : link
const disturbedDialer = (dialer: RelayDialer, by: Disturb): RelayDialer => ({ dial: async (url) => disturbed(await dialer.dial(url), by) })
const disturbedRtc = (rtc: Rtc, by: Disturb): Rtc => ({
  offer: async () => {
    const offer = await rtc.offer()
    return offer.ok ? { ok: true, value: { ...offer.value, accept: async (sdp) => disturbed(await offer.value.accept(sdp), by) } } : offer
  },
  answer: async (sdp) => {
    const answer = await rtc.answer(sdp)
    return answer.ok ? { ok: true, value: { ...answer.value, link: answer.value.link.then((link) => disturbed(link, by)) } } : answer
  },
})

interface Rogue {
  readonly network: Network
  readonly device: DeviceCertificate
  readonly say: (to: NodeId, fields: SignedFields) => Promise<unknown>
  /** From now on its links damage what it sends. */
  readonly makeNoise: () => void
}

/** A member with a good hello, linked with all the others. */
const rogue = async (swarm: MemorySwarm, name: string): Promise<Rogue> => {
  const { clock, hub, link } = swarm
  const { signer, device } = await testIdentity(name)
  const random = createSeededRandom(name)
  let noise = false
  const by: Disturb = (frame) => (noise ? disturb(frame, random) : [frame])
  const network = createNetwork({
    clock,
    random,
    verifier: createNobleVerifier(),
    role: 'node',
    device,
    signHello: (fields) => signer.sign(helloMessage(link.swarm, device.device, fields)),
    link,
    rtc: disturbedRtc(hub.rtc(name), by),
    sdpSeal: memorySeal,
    relayDialer: disturbedDialer(hub.dialer(name), by),
  })
  await swarm.until('it knows all', () => network.peers().length >= 3)
  return {
    network,
    device,
    makeNoise: () => void (noise = true),
    say: async (to, { kind, body }) => {
      const fields = { kind, body, swarm: link.swarm, to: kind === 'sow' ? null : fromHex(to)!, expires: clock.now() + 60_000 }
      return network.send(to, ['signed', { message: (await signMessage(signer, fields)).bytes, hops: kind === 'sow' ? 3 : 0 }])
    },
  }
}

const open = async (
  seed: string,
): Promise<{ readonly swarm: MemorySwarm; readonly requester: MemoryAgent; readonly worker: MemoryAgent }> => {
  const swarm = await createMemorySwarm(seed)
  const [requester, worker] = [await swarm.join('r'), await swarm.join('w')]
  await swarm.until('both have their grant and know each other', () =>
    [requester, worker].every((a) => {
      const { credits, peers } = a.agent().view()
      return credits.earnedMicro === grantMicro && peers.some((p) => p.role === 'node')
    }),
  )
  return { swarm, requester, worker }
}

const submit = async (requester: MemoryAgent, texts: number): Promise<string> => {
  const list = Array.from({ length: texts }, (_, i) => `text number ${i}`)
  const job = await requester.agent().jobs.submit({ texts: list, ids: list, model: 'mini', redundancy: 1, title: 't', where: 'network' })
  if (!job.ok) throw new Error(job.error.type)
  return job.value
}

/** One job done and paid as agreed, nothing else moved, nothing held back. */
const doneAndPaid = async (swarm: MemorySwarm, requester: MemoryAgent, worker: MemoryAgent, job: string, texts: number): Promise<void> => {
  const jobs = (): readonly Job[] => requester.agent().jobs.list()
  await swarm.until('done', () => jobs().find((j) => j.id === job)?.state === 'done', 300_000)
  await swarm.until('paid', () => worker.agent().view().credits.earnedMicro === grantMicro + texts * perText, 300_000)
  await swarm.until('nothing is held back', () => requester.agent().view().credits.reservedMicro === 0)
  expect(requester.agent().view().credits).toMatchObject({
    spentMicro: texts * perText,
    availableMicro: grantMicro - texts * perText,
    owedMicro: 0,
  })
  const { accounts, inFlight } = await swarm.relay().ledger()
  expect(accounts.reduce((sum, a) => sum + a.balance, 0) + inFlight).toBe(0)
  const others = accounts.filter((a) => a.balance > 0 && ![requester.id, worker.id].includes(a.author))
  expect(others).toEqual([])
}

test.each([1, 2])('frames of every type: of good form and no sense, damaged, oversize and invented (seed %i)', async (seed) => {
  const { swarm, requester, worker } = await open(`noise ${seed}`)
  const job = await submit(requester, 300)
  const words = fc.sample(wireMessage, { numRuns: 600, seed })
  for (let i = 0; i < 6; i++) {
    const { network, makeNoise } = await rogue(swarm, `noisy ${seed}/${i}`)
    const noisy = i % 2 === 1
    if (noisy) makeNoise()
    for (const message of words.slice(i * 100, (i + 1) * 100)) {
      // To speak for others is not a matter of form: it costs like noise.
      for (const peer of network.peers()) if (noisy || message[0] !== 'forward') void network.send(peer.id, message)
      await swarm.clock.advance(20)
    }
    // Who makes noise is nobody's peer for long.
    if (noisy) expect(network.peers()).toEqual([])
    network.close()
  }
  await doneAndPaid(swarm, requester, worker, job, 300)
})

test.each([1, 2])('well-signed messages that fit nothing, or nearly (seed %i)', async (seed) => {
  const { swarm, requester, worker } = await open(`talk ${seed}`)
  const { network, device, say } = await rogue(swarm, `talker ${seed}`)
  // What it overhears: sows of others, and agreements offered to itself.
  const ids: Bytes[] = []
  network.onMessage((_, [type, body]) => {
    const heard = type === 'signed' ? parseMessage(body.message) : undefined
    if (heard?.ok) ids.push(heard.value.id)
  })
  const job = await submit(requester, 20)
  for (let round = 0; round < 20; round++) {
    const said = fc.sample(signedFields({ ids: [...ids], classes: [fakeClass], device }), { numRuns: 20, seed: seed * 1_000 + round })
    for (const fields of said) for (const { id } of network.peers()) void say(id, fields)
    for (const agreement of ids)
      for (const { id } of network.peers())
        void network.send(id, [
          'chunk',
          {
            agreement,
            direction: round % 2 === 0 ? 1 : 0,
            index: round % 3,
            last: round % 2 === 0,
            enc: sha256(agreement),
            data: sha256(agreement),
          },
        ])
    await swarm.clock.advance(1_000)
  }
  expect(ids.length).toBeGreaterThan(0)
  await doneAndPaid(swarm, requester, worker, job, 20)
})
