/** One seed: a swarm, its work, its weather and its attackers, watched all along; then quiet, in which all must be settled. */
import { toHex } from '../../src/lib/bytes.ts'
import { randomBelow } from '../../src/lib/random.ts'
import { nowAndThen } from './attackers/stage.ts'
import { type Book, type Figures, openBook } from './book.ts'
import type { FaultName } from './fault-names.ts'
import { type Attack, planAttacks } from './faults.ts'
import type { MemberMachine } from './member-machine.ts'
import { createObserver, type Violation } from './observer.ts'
import { checkPlayback } from './playback.ts'
import { createSwarm, type SwarmKind } from './swarm.ts'
import { startWeather } from './weather.ts'

export interface Scenario {
  readonly seed: number
  /** Machines, the witnesses among them. */
  readonly nodes: number
  readonly minutes: number
  readonly kind: SwarmKind
  readonly witnesses: number
  readonly faults: readonly FaultName[]
}

export interface Outcome {
  readonly scenario: Scenario
  readonly violations: readonly (Violation & { readonly minute: number })[]
  /** A row per kind of attacker that took part, and one of the honest. */
  readonly figures: readonly Figures[]
  readonly hash: string
  readonly notes: readonly string[]
  readonly counts: {
    readonly frames: number
    readonly entries: number
    readonly crashes: number
    readonly timers: number
    readonly texts: number
    /** Verdicts on wrong results. */
    readonly fines: number
  }
  readonly textsFor: Readonly<Record<string, number>>
  readonly quietMinutes: number
}

const minuteMs = 60_000
/** A node that has appended much waits ten minutes, relays compare themselves as often; twice that and some. */
const quietMinutesMax = 26
/** All have joined after the same time, however many they are. */
const joiningMs = 8_400
/** Of one honest requester between two jobs. */
const pauseMs = { least: 30_000, most: 209_999 }
/** Above so many nodes each asks less often, honest or not, and the work grows with their root. */
const busyNodes = 48

/** `passed` hears of each virtual minute, and what it was like. */
export const simulate = async (scenario: Scenario, passed: (text: string) => void = () => {}): Promise<Outcome> => {
  const { minutes } = scenario
  const count = scenario.nodes - scenario.witnesses
  const seed = `${scenario.seed}`
  const slower = Math.max(1, Math.sqrt(scenario.nodes / busyNodes))
  const joinEveryMs = Math.round(joiningMs / scenario.nodes)
  const attack: Attack = planAttacks({ ...scenario, nodes: count })
  const swarm = await createSwarm(seed, { kind: scenario.kind, members: count, witnesses: attack.witnesses })
  const { world, relays, members } = swarm
  const isHonest = new Set<MemberMachine>()
  const observer = createObserver(world, relays, () => members.map((machine) => ({ machine, honest: isHonest.has(machine) })))
  const book: Book = openBook(world, observer.truth)
  const violations: (Violation & { minute: number })[] = []
  const chance = world.random('work')
  let over = false

  for (let i = 0; i < count - attack.members.length; i++) {
    const member = await swarm.join(`m${i}`)
    isHonest.add(member)
    book.add('honest', member, true)
    // A small job now and then, each text by three strangers.
    nowAndThen({ world, random: chance, slower, over: () => over }, pauseMs.least, pauseMs.most, () =>
      member.submit(1 + randomBelow(chance, 4), 3),
    )
    await world.clock.advance(joinEveryMs)
  }
  const groups = new Map<number, MemberMachine[]>()
  for (const { kind, name, group, attacker } of attack.members) {
    const member = await swarm.join(name, attacker.behaviour)
    const own = groups.get(group) ?? []
    groups.set(group, own)
    own.push(member)
    const accomplices = await Promise.all(
      (attacker.accomplices ?? []).map(async (key) => toHex((await world.keys.identity(key)).device.device)),
    )
    book.add(kind, member, attacker.worksHonestly, accomplices)
    world.log.note(`${name} is a ${kind}`)
    attacker.act?.({ world, member, group: own, random: world.random(`attack/${name}`), slower, over: () => over })
    await world.clock.advance(joinEveryMs)
  }
  for (const kind of attack.kinds) book.mention(kind)

  const endWeather = startWeather(swarm)
  const look = async (minute: number): Promise<void> => {
    for (const violation of await observer.check())
      if (!violations.some((v) => v.what === violation.what)) violations.push({ ...violation, minute })
    book.read()
    passed(
      `minute ${minute} of ${minutes}: ${world.log.frames()} frames, ${observer.truth.entries.size} entries, ${book.textsDone()} texts`,
    )
  }
  for (let minute = 1; minute <= minutes && violations.length === 0; minute++) {
    await world.clock.advance(minuteMs)
    await look(minute)
  }
  over = true
  endWeather()
  let quiet = 0
  let unsettled: readonly Violation[] = []
  for (; quiet < quietMinutesMax && violations.length === 0; quiet++) {
    await world.clock.advance(minuteMs)
    await look(minutes + quiet + 1)
    unsettled = observer.unsettled()
    if (unsettled.length === 0) break
  }
  for (const violation of unsettled) violations.push({ ...violation, minute: minutes + quiet })
  if (violations.length === 0)
    for (const violation of await checkPlayback(world, observer.truth, relays)) violations.push({ ...violation, minute: minutes + quiet })

  return {
    scenario,
    violations,
    figures: book.figures(),
    hash: world.log.hash(),
    notes: world.log.notes(),
    counts: {
      frames: world.log.frames(),
      entries: observer.truth.entries.size,
      crashes: [...relays, ...members].reduce((sum, machine) => sum + machine.lives() - 1, 0),
      timers: world.clock.ran(),
      texts: book.textsDone(),
      fines: observer.fines(),
    },
    textsFor: book.textsFor(),
    quietMinutes: quiet + 1,
  }
}
