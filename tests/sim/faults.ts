/** Who is faulty in a run: of the kinds asked for as many as the swarm bears, drawn by the seed, so that over seeds all come. */
import { faultyMax } from '../../src/ledger/rules.ts'
import { createSeededRandom, shuffled } from '../../src/lib/random.ts'
import { eclipser } from './attackers/eclipser.ts'
import { badMouther, freeRider, nonPayer, sybil, washTrader } from './attackers/requesters.ts'
import { spammer } from './attackers/spammer.ts'
import { doubleSpender, idGrinder } from './attackers/spenders.ts'
import type { Attacker } from './attackers/stage.ts'
import { lazyWorker, liar } from './attackers/workers.ts'
import { equivocatingWitness, withholdingWitness } from './attackers/witnesses.ts'
import type { FaultName } from './fault-names.ts'
import type { WitnessBehaviour } from './witness-machine.ts'

type WitnessFault = 'equivocating-witness' | 'withholding-witness'
interface MemberKind {
  /** So many come together. */
  readonly size: number
  /** `group`: the names of all of them. */
  readonly make: (name: string, group: readonly string[]) => Attacker
}

const memberKinds: Readonly<Record<Exclude<FaultName, WitnessFault>, MemberKind>> = {
  'double-spender': { size: 1, make: doubleSpender },
  'id-grinder': { size: 1, make: idGrinder },
  liar: { size: 1, make: liar },
  'lazy-worker': { size: 1, make: lazyWorker },
  'free-rider': { size: 1, make: freeRider },
  'non-payer': { size: 1, make: nonPayer },
  'bad-mouther': { size: 1, make: badMouther },
  'wash-trader': { size: 2, make: washTrader },
  'sybil-group': { size: 3, make: sybil },
  spammer: { size: 1, make: spammer },
  eclipser: { size: 3, make: eclipser },
}
const witnessKinds: Readonly<Record<WitnessFault, () => WitnessBehaviour>> = {
  'equivocating-witness': equivocatingWitness,
  'withholding-witness': withholdingWitness,
}

const isWitnessFault = (name: FaultName): name is WitnessFault => name in witnessKinds

export interface Attack {
  /** Those who come together belong together: `group` numbers them. */
  readonly members: readonly { readonly kind: FaultName; readonly name: string; readonly group: number; readonly attacker: Attacker }[]
  readonly witnesses: readonly (WitnessBehaviour | undefined)[]
  readonly kinds: readonly FaultName[]
}

/** At most two fifths of the members are faulty, at most f of the witnesses. */
export const planAttacks = ({
  seed,
  nodes,
  witnesses,
  faults,
}: {
  readonly seed: number
  readonly nodes: number
  readonly witnesses: number
  readonly faults: readonly FaultName[]
}): Attack => {
  const random = createSeededRandom(`sim/${seed}/faults`)
  const members: Attack['members'][number][] = []
  const wanted = faults.filter((name) => !isWitnessFault(name))
  let group = 0
  for (let room = Math.floor((2 * nodes) / 5), added = true; added && wanted.length > 0;) {
    added = false
    for (const kind of shuffled(random, wanted)) {
      const { size, make } = memberKinds[kind]
      if (size > room) continue
      const names = Array.from({ length: size }, (_, i) => `x${members.length + i}`)
      for (const name of names) members.push({ kind, name, group, attacker: make(name, names) })
      group++
      room -= size
      added = nodes > 3 * wanted.length * 3
    }
  }
  const liars = shuffled(random, faults.filter(isWitnessFault)).slice(0, faultyMax(witnesses))
  const places = shuffled(
    random,
    Array.from({ length: witnesses }, (_, i) => i),
  )
  const behaviours = Array.from({ length: witnesses }, (_, i) => {
    const kind = liars[places.indexOf(i)]
    return kind && witnessKinds[kind]()
  })
  return { members, witnesses: behaviours, kinds: [...new Set([...members.map(({ kind }) => kind), ...liars])] }
}
