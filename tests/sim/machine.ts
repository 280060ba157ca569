/**
 * A machine that can lose its power: a disk, a clock that runs wrong, and one life after the other. A life is started with a
 * store and a clock that are its own; when it ends, its wires are closed, its timers are silent and its disk answers no more.
 */
import type { Clock } from '../../src/lib/clock.ts'
import type { Store } from '../../src/lib/store.ts'
import { machineClock } from './clock.ts'
import { createDisk, type Disk } from './disk.ts'
import type { World } from './world.ts'

export interface Life {
  readonly number: number
  readonly clock: Clock
  readonly store: Store
  /** For what must be closed at its end. */
  readonly atEnd: (close: () => void) => void
  readonly over: () => boolean
}

export interface Machine {
  readonly name: string
  readonly disk: Disk
  readonly alive: () => boolean
  readonly start: () => Promise<void>
  /** The power goes; it comes back after this time, or never. */
  readonly crash: (backAfterMs: number | undefined, why: string) => void
  readonly lives: () => number
}

const rebootMs = 1_500

export const createMachine = (world: World, name: string, skewMs: number, begin: (life: Life) => Promise<void>): Machine => {
  let number = 0
  let end: (() => void) | undefined

  const start = async (): Promise<void> => {
    const { clock, kill } = machineClock(world.clock, skewMs)
    const closers: (() => void)[] = []
    let over = false
    end = () => {
      over = true
      end = undefined
      world.hub.isolate(name)
      disk.kill()
      kill()
      for (const close of closers.reverse()) close()
    }
    const atEnd = (close: () => void): void => void (over ? close() : closers.push(close))
    await begin({ number: number++, clock, store: disk.open(), atEnd, over: () => over })
  }

  const crash = (backAfterMs: number | undefined, why: string): void => {
    if (!end) return
    world.log.note(`${name} dies (${why})`)
    end()
    if (backAfterMs === undefined) return
    world.clock.after(backAfterMs, () => {
      world.log.note(`${name} is back`)
      world.hub.heal(name)
      void start()
    })
  }

  const disk = createDisk(world.random(`disk/${name}`), () => crash(rebootMs, 'at a commit'))
  return { name, disk, start, crash, alive: () => end !== undefined, lives: () => number }
}
