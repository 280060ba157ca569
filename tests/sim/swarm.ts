/** A whole swarm on simulated machines: founder's policy, witnesses with the issuer in the first, members that come one by one. */
import type { SwarmLink } from '../../src/economy/link.ts'
import { createPolicy, microPerCredit, publicDefaults, signPolicy, swarmIdOf } from '../../src/economy/policy-codec.ts'
import { randomBelow } from '../../src/lib/random.ts'
import { mini } from '../../src/tasks/models.ts'
import { createMemberMachine, type MemberBehaviour, type MemberMachine } from './member-machine.ts'
import { createWitnessMachine, type WitnessBehaviour, type WitnessMachine, witnessUrl } from './witness-machine.ts'
import { createWorld, type World } from './world.ts'

/** A text is dear here, so that few of them move much: tabs fill and grants run out within minutes. */
export const perTextMicro = 5 * microPerCredit
export const grantMicro = 500 * microPerCredit
export type SwarmKind = 'private' | 'public'
/** What makes a swarm public, in figures that matter within minutes. Grants are there all the same: nobody could begin without credits. */
const publicParts = {
  kind: 'public',
  prepayMicro: 4 * perTextMicro,
  independence: 'identity',
  stakeMicro: 100 * microPerCredit,
  unlockMs: 60_000,
  issuance: { ...publicDefaults.issuance, epochMs: 120_000, budgetMicro: 1_000 * microPerCredit },
} as const
/** Honest clocks are wrong by at most this; a witness bears two minutes. */
const memberSkewMs = 40_000
const witnessSkewMs = 15_000
const issuerAwakeMsMax = 60_000
const linkMs = [20, 80] as const

export interface Swarm {
  readonly world: World
  readonly relays: readonly WitnessMachine[]
  readonly members: readonly MemberMachine[]
  /** What all join by. */
  readonly link: SwarmLink
  /** Makes it and starts it. */
  readonly join: (name: string, behaviour?: MemberBehaviour) => Promise<MemberMachine>
}

export const createSwarm = async (
  seed: string,
  options: {
    readonly kind: SwarmKind
    readonly members: number
    readonly witnesses: readonly (WitnessBehaviour | undefined)[]
    /** Least and most latency of a link. */
    readonly linkMs?: readonly [least: number, most: number]
  },
): Promise<Swarm> => {
  const count = options.witnesses.length
  const urls = options.witnesses.map((_, i) => witnessUrl(i))
  const world = await createWorld(seed, options.linkMs ?? linkMs, async ({ keys, clock, random }) => {
    const founder = keys.signer('founder')
    const policy = createPolicy(
      { random: random('policy'), now: clock.now() },
      {
        ...(options.kind === 'public' ? publicParts : {}),
        name: 'simulated',
        founder: founder.publicKey,
        witnesses: urls.map((_, i) => keys.signer(`witness/${i}`).publicKey),
        issuer: (await keys.identity('issuer')).device.device,
        models: [mini],
        stampBits: 0,
        prices: { embedding: perTextMicro },
        grantMicro,
        grantsMicro: 2 * options.members * grantMicro,
      },
    )
    const link: SwarmLink = {
      swarm: swarmIdOf(policy),
      founder: policy.founder,
      secret: options.kind === 'public' ? null : random('secret').bytes(32),
      relays: urls,
      trackers: [],
      invite: null,
    }
    return { signedPolicy: await signPolicy(founder, policy), link }
  })
  const { keys, clock } = world
  const chance = world.random('skews')
  const skew = (max: number): number => randomBelow(chance, 2 * max + 1) - max
  const identities = await Promise.all(urls.map((_, i) => keys.identity(`relay/${i}`)))
  const issuer = await keys.identity('issuer')
  const relays = options.witnesses.map((behaviour, index) =>
    createWitnessMachine(world, {
      index,
      identity: identities[index]!,
      others: identities.filter((_, i) => i !== index).map(({ device }) => device.device),
      ...(index === 0 ? { issuer } : {}),
      skewMs: skew(witnessSkewMs),
      ...(behaviour ? { behaviour } : {}),
    }),
  )
  for (const relay of relays) await relay.start()
  await clock.advance(count > 1 ? 5_000 : 100)

  let invite: Uint8Array | undefined
  for (let waited = 0; invite === undefined && waited < issuerAwakeMsMax; waited += 1_000) {
    const made = await relays[0]!.issuer()?.createInvite({ grantMicro, usesLeft: 2 * options.members, expires: clock.now() + 1e9 })
    if (made?.ok) invite = made.value
    else await clock.advance(1_000)
  }
  if (invite === undefined) throw new Error('the issuer does not start')
  const link: SwarmLink = { ...world.link, invite: invite as Uint8Array<ArrayBuffer> }

  const members: MemberMachine[] = []
  return {
    world,
    relays,
    members,
    link,
    join: async (name, behaviour) => {
      const member = createMemberMachine(world, {
        name,
        identity: await keys.identity(name),
        link,
        skewMs: skew(memberSkewMs),
        ...(behaviour ? { behaviour } : {}),
      })
      members.push(member)
      void member.start()
      return member
    },
  }
}
