/** What every machine of one simulated network shares: time, chance, wires, keys, the log, and the one who sees everything. */
import type { SwarmLink } from '../../src/economy/link.ts'
import type { SignedPolicy } from '../../src/economy/policy.ts'
import { createSeededRandom, type Random } from '../../src/lib/random.ts'
import type { WireMessage } from '../../src/network/wire.ts'
import { createMemoryHub, type MemoryHub } from '../support/memory-network.ts'
import { createSimClock, type SimClock } from './clock.ts'
import { createEventLog, type EventLog } from './event-log.ts'
import { createKeys, type Keys } from './keys.ts'
import type { Weather } from './links.ts'

export interface World {
  readonly seed: string
  readonly clock: SimClock
  readonly hub: MemoryHub
  readonly keys: Keys
  readonly log: EventLog
  readonly signedPolicy: SignedPolicy
  /** Without invite: that one is made by the issuer. */
  readonly link: SwarmLink
  /** A stream of its own for each purpose: one more draw here changes nothing there. */
  readonly random: (purpose: string) => Random
  /** What holds now; replaced by the weather. */
  weather: Weather
  /** Everything that any machine says to another, before it is sent. `from` is the machine's name. */
  readonly heard: Set<(from: string, message: WireMessage) => void>
}

export const createWorld = (
  seed: string,
  [leastMs, mostMs]: readonly [least: number, most: number],
  swarm: (world: Pick<World, 'keys' | 'clock' | 'random'>) => Promise<Pick<World, 'signedPolicy' | 'link'>>,
): Promise<World> => {
  const clock = createSimClock()
  const random = (purpose: string): Random => createSeededRandom(`sim/${seed}/${purpose}`)
  const keys = createKeys(seed)
  return swarm({ keys, clock, random }).then((made) => ({
    seed,
    clock,
    random,
    keys,
    hub: createMemoryHub(clock, random('wires'), { latencyMs: leastMs, jitterMs: mostMs - leastMs }),
    log: createEventLog(clock),
    weather: { lossOneIn: 0, duplicateOneIn: 0 },
    heard: new Set(),
    ...made,
  }))
}

export const still: Weather = { lossOneIn: 0, duplicateOneIn: 0 }
