/** A relay on a memory store, asked through a network that only records. */
import { createPolicy, type PolicyParts, rulesOf, signPolicy } from '../../../src/economy/policy-codec.ts'
import { type RelayDeps, type RelayNode, startRelay } from '../../../src/agent/relay.ts'
import type { SignedPolicy } from '../../../src/economy/policy.ts'
import { neverExpires } from '../../../src/economy/issuer.ts'
import type { LedgerRules } from '../../../src/ledger/rules.ts'
import { type Bytes, toHex } from '../../../src/lib/bytes.ts'
import { createManualClock, type ManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import type { Store } from '../../../src/lib/store.ts'
import type { Network, Peer } from '../../../src/network/network.ts'
import type { WireMessage } from '../../../src/network/wire.ts'
import { createPerson, type Person, signerOf, startMs, verifier, type World } from '../ledger/fixtures.ts'

export const grantMicro = 500

export interface RelayWorld extends World {
  readonly signedPolicy: SignedPolicy
  readonly rules: LedgerRules
}

export const createRelayWorld = async (changes: Partial<PolicyParts> = {}): Promise<RelayWorld> => {
  const issuer = await createPerson('issuer')
  const witness = signerOf('witness')
  const policy = createPolicy(
    { random: createSeededRandom('policy'), now: startMs },
    {
      name: 'test',
      founder: issuer.root.publicKey,
      witnesses: [witness.publicKey],
      issuer: issuer.device.publicKey,
      models: [],
      stampBits: 0,
      grantsMicro: 1_200,
      grantMicro,
      openingMicro: 100,
      ...changes,
    },
  )
  return { witnesses: [witness], issuer, signedPolicy: await signPolicy(issuer.root, policy), rules: rulesOf(policy) }
}

export interface TestRelay {
  readonly clock: ManualClock
  readonly node: RelayNode
  /** All that the relay answers to this person. */
  readonly ask: (who: Person, message: WireMessage, forwarded?: boolean) => Promise<WireMessage[]>
  /** Without waiting for an answer. */
  readonly tell: (who: Person, message: WireMessage) => void
  readonly blamed: () => readonly string[]
  readonly invite: () => Promise<Bytes>
}

/** Lets everything in memory run until it waits for nothing. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** `addresses`: where they are, as far as it sees. */
export const openRelay = async (
  world: RelayWorld,
  store: Store,
  people: readonly Person[],
  { addresses = new Map(), ...options }: Pick<RelayDeps, 'keepDays'> & { readonly addresses?: ReadonlyMap<Person, string> } = {},
): Promise<TestRelay> => {
  const blamed: string[] = []
  const sent: (readonly [to: string, message: WireMessage])[] = []
  let listener: Parameters<Network['onMessage']>[0] = () => {}
  const peers = people.map((person): Peer => ({
    id: toHex(person.device.publicKey),
    device: person.device.publicKey,
    root: person.root.publicKey,
    role: 'node',
    via: 'url',
    sinceMs: startMs,
    silentMs: 0,
    sleptMs: 0,
    latencyMs: undefined,
    address: addresses.get(person),
  }))
  const network: Network = {
    status: () => ({ relays: [], trackers: [], peers, turnedAway: false }),
    peers: () => peers,
    peer: (id) => peers.find((peer) => peer.id === id),
    send: async (to, message) => {
      sent.push([to, message])
      return { ok: true, value: undefined }
    },
    gossip: () => {},
    seek: () => {},
    onMessage: (given) => {
      listener = given
      return () => (listener = () => {})
    },
    onPeer: () => () => {},
    onStatus: () => () => {},
    blame: (_id, reason) => blamed.push(reason),
    ground: () => {},
    accept: () => {},
    wake: () => {},
    close: () => {},
  }
  const [clock, random] = [createManualClock(startMs), createSeededRandom('relay')]
  const node = await startRelay({
    clock,
    random,
    store,
    verifier,
    network,
    signedPolicy: world.signedPolicy,
    ...options,
    witness: world.witnesses[0]!,
    issuer: {
      signer: world.issuer.device,
      certificate: { root: world.issuer.join.identity, device: world.issuer.device.publicKey, signature: world.issuer.join.certificate },
    },
  })
  const tell = (who: Person, message: WireMessage, forwarded = false): void => listener(toHex(who.device.publicKey), message, forwarded)
  return {
    clock,
    node,
    tell,
    blamed: () => blamed,
    ask: async (who, message, forwarded = false) => {
      const id = toHex(who.device.publicKey)
      const before = sent.length
      tell(who, message, forwarded)
      await settled()
      return sent.slice(before).flatMap(([to, answer]) => (to === id ? [answer] : []))
    },
    invite: async () => {
      const token = await node.issuer.createInvite({ grantMicro, usesLeft: 10, expires: neverExpires })
      if (!token.ok) throw new Error('no token')
      return token.value
    },
  }
}
