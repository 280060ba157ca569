/**
 * Everything certified, played back to fresh replicas in other orders, twice, with rubbish in between, and with the verdicts that
 * honest witnesses would sign on what was forked coming at any moment: the same accounts as on the relays, or convergence (1) or
 * idempotence (3) is broken.
 */
import { rulesOf } from '../../src/economy/policy-codec.ts'
import type { ParsedEntry } from '../../src/ledger/entry.ts'
import { createPendingPool } from '../../src/ledger/pending-pool.ts'
import { createReplica } from '../../src/ledger/replica.ts'
import { mergeVerdicts, signVerdict, type Verdict } from '../../src/ledger/verdict.ts'
import { checkDoubleSpend } from '../../src/ledger/verdict-proof.ts'
import { sha256, toHex } from '../../src/lib/bytes.ts'
import { type Cbor, encode } from '../../src/lib/cbor.ts'
import { type Random, randomBelow, shuffled } from '../../src/lib/random.ts'
import type { StoreValue } from '../../src/lib/store.ts'
import { createDisk } from './disk.ts'
import type { Violation } from './observer.ts'
import type { Truth } from './truth.ts'
import type { WitnessMachine } from './witness-machine.ts'
import type { World } from './world.ts'

type Tables = { readonly table: (name: string) => ReadonlyMap<string, StoreValue> }

/** Of all accounts with all their lines. */
const rootOf = ({ table }: Tables): string => {
  const rows = (name: string): Cbor => [...table(name)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [key, value])
  return toHex(sha256(encode(['heads', 'paid', 'claimed'].map(rows))))
}

/** A verdict on each fork that was shown to anyone, by a quorum. */
const verdictsOf = async ({ keys, link, signedPolicy }: World, truth: Truth): Promise<readonly Verdict[]> => {
  const rules = rulesOf(signedPolicy.policy)
  const witnesses = signedPolicy.policy.witnesses
    .map((_, i) => keys.signer(`witness/${i}`))
    .slice(0, 2 * Math.floor((signedPolicy.policy.witnesses.length - 1) / 3) + 1)
  const places = new Map<string, ParsedEntry>()
  const verdicts = new Map<string, Verdict>()
  for (const entry of truth.entries.values()) {
    const place = `${toHex(entry.entry.author)}/${entry.entry.seq}/${toHex(entry.entry.prev)}`
    const other = places.get(place)
    if (!other) places.set(place, entry)
    const proven = other && (await checkDoubleSpend(keys.verifier, rules, { first: other.bytes, second: entry.bytes, join: null }))
    if (!proven?.ok || verdicts.has(place)) continue
    const signed = await Promise.all(witnesses.map((witness) => signVerdict(witness, link.swarm, proven.value.finding)))
    verdicts.set(
      place,
      signed.reduce((all, one) => mergeVerdicts(all, one) ?? all),
    )
  }
  return [...verdicts.values()]
}

const playedBack = async (world: World, truth: Truth, verdicts: readonly Verdict[], random: Random, rubbish: boolean): Promise<string> => {
  const disk = createDisk(random, () => {})
  // One sender brings all, in any order, and once: what a pool would drop to keep its bounds nobody would bring again.
  const pool = createPendingPool(Infinity, Infinity)
  const replica = createReplica({ store: disk.open(), verifier: world.keys.verifier, rules: rulesOf(world.signedPolicy.policy), pool })
  const entries = [...truth.entries.values()].map(({ bytes }) => async () => {
    await replica.ingest([bytes], null, 'player')
    if (!rubbish || randomBelow(random, 4) > 0) return
    const damaged = bytes.slice()
    damaged[randomBelow(random, damaged.length)]! ^= 1 << randomBelow(random, 8)
    await replica.ingest([damaged], null, 'rubbish')
  })
  const certificates = [...truth.full.values()].map((certificate) => () => replica.ingest([], certificate, 'player'))
  const judged = verdicts.map((verdict) => () => replica.verdicts.take(verdict))
  const once = [...entries, ...certificates, ...judged]
  for (const play of shuffled(random, rubbish ? [...once, ...once] : once)) await play()
  return rootOf(disk)
}

export const checkPlayback = async (world: World, truth: Truth, relays: readonly WitnessMachine[]): Promise<readonly Violation[]> => {
  const random = world.random('playback')
  const verdicts = await verdictsOf(world, truth)
  const plain = await playedBack(world, truth, verdicts, random, false)
  const rubbish = await playedBack(world, truth, verdicts, random, true)
  const found: Violation[] = []
  if (plain !== rubbish)
    found.push({ invariant: 3, what: `the root is ${plain.slice(0, 8)} once and in order, ${rubbish.slice(0, 8)} twice with rubbish` })
  for (const relay of relays)
    if (relay.honest && rootOf(relay.disk) !== plain)
      found.push({ invariant: 1, what: `${relay.name} has root ${rootOf(relay.disk).slice(0, 8)}, played back it is ${plain.slice(0, 8)}` })
  return found
}
