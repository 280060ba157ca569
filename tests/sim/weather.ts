/** What befalls honest machines: by the seed, one misfortune after another, and none of them for ever. */
import { type Random, randomBelow } from '../../src/lib/random.ts'
import type { Machine } from './machine.ts'
import type { Swarm } from './swarm.ts'
import { still } from './world.ts'

const everyMs = { least: 5_000, most: 30_000 }
const lossOneIn = 2_000
const duplicateOneIn = 300

const between = (random: Random, least: number, most: number): number => least + randomBelow(random, most - least + 1)

/** Begins now; the returned function ends it, and mends what it broke. */
export const startWeather = ({ world, relays, members }: Swarm): (() => void) => {
  const random = world.random('weather')
  const { clock, hub, log } = world
  const pick = <T>(items: readonly T[]): T => items[randomBelow(random, items.length)]!
  const machines = (): readonly Machine[] => [...relays, ...members]
  const mending = new Set<() => void>()
  let over = false

  /** Undone after a while, or when the weather ends. */
  const forAWhile = (ms: number, mend: () => void): void => {
    const once = (): void => void (mending.delete(once) && mend())
    mending.add(once)
    clock.after(ms, once)
  }
  const cut = (pairs: readonly (readonly [string, string])[], ms: number): void => {
    for (const [a, b] of pairs) hub.cut(a, b)
    forAWhile(ms, () => pairs.forEach(([a, b]) => hub.heal(a, b)))
  }
  const misfortunes: readonly (() => void)[] = [
    () => pick(machines()).crash(between(random, 500, 45_000), 'power'),
    () => pick(machines()).crash(between(random, 500, 45_000), 'power'),
    () => pick(machines()).disk.dieAtCommit(between(random, 0, 30)),
    () => pick(machines()).disk.dieAtCommit(between(random, 0, 30)),
    () => pick(relays).disk.dieAtCommit(between(random, 0, 10)),
    () => {
      const [a, b] = [pick(machines()), pick(machines())]
      if (a === b) return
      log.note(`${a.name} and ${b.name} are cut`)
      cut([[a.name, b.name]], between(random, 1_000, 60_000))
    },
    () => {
      const [a, b] = [pick(machines()), pick(machines())]
      if (a === b) return
      log.note(`${a.name} and ${b.name} do not hear each other`)
      hub.silence(a.name, b.name)
      forAWhile(between(random, 1_000, 60_000), () => hub.heal(a.name, b.name))
    },
    () => {
      const there = machines().map(() => randomBelow(random, 3) === 0)
      const pairs = machines().flatMap((a, i) =>
        machines().flatMap((b, j) => (i < j && there[i] !== there[j] ? [[a.name, b.name] as const] : [])),
      )
      log.note(`${there.filter((x) => x).length} machines are parted from the others`)
      cut(pairs, between(random, 5_000, 60_000))
    },
  ]
  const next = (): void =>
    void clock.after(between(random, everyMs.least, everyMs.most), () => {
      if (over) return
      pick(misfortunes)()
      next()
    })
  world.weather = { lossOneIn, duplicateOneIn }
  next()

  return () => {
    over = true
    world.weather = still
    for (const mend of [...mending]) mend()
    log.note('the weather is over')
  }
}
