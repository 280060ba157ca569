/**
 * Everything certified, played back to fresh replicas in other orders, twice, with rubbish in between: the same roots as on
 * the relays, or convergence (1) or idempotence (3) is broken.
 */
import { rulesOf } from '../../src/economy/policy-codec.ts'
import { createReplica } from '../../src/ledger/replica.ts'
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

const playedBack = async (world: World, truth: Truth, random: Random, rubbish: boolean): Promise<string> => {
  const disk = createDisk(random, () => {})
  const replica = createReplica({ store: disk.open(), verifier: world.keys.verifier, rules: rulesOf(world.signedPolicy.policy) })
  const items = [...truth.entries.values()].map(({ bytes }) => [[bytes], null] as const)
  const certificates = [...truth.full.values()].map((certificate) => [[], certificate] as const)
  const all = shuffled(random, [...items, ...certificates, ...(rubbish ? [...items, ...certificates] : [])])
  for (const [entries, certificate] of all) {
    await replica.ingest(entries, certificate, 'player')
    if (!rubbish || entries.length === 0 || randomBelow(random, 4) > 0) continue
    const damaged = entries[0]!.slice()
    damaged[randomBelow(random, damaged.length)]! ^= 1 << randomBelow(random, 8)
    await replica.ingest([damaged], null, 'rubbish')
  }
  return rootOf(disk)
}

export const checkPlayback = async (world: World, truth: Truth, relays: readonly WitnessMachine[]): Promise<readonly Violation[]> => {
  const random = world.random('playback')
  const plain = await playedBack(world, truth, random, false)
  const rubbish = await playedBack(world, truth, random, true)
  const found: Violation[] = []
  if (plain !== rubbish)
    found.push({ invariant: 3, what: `the root is ${plain.slice(0, 8)} once and in order, ${rubbish.slice(0, 8)} twice with rubbish` })
  for (const relay of relays)
    if (relay.honest && rootOf(relay.disk) !== plain)
      found.push({ invariant: 1, what: `${relay.name} has root ${rootOf(relay.disk).slice(0, 8)}, played back it is ${plain.slice(0, 8)}` })
  return found
}
