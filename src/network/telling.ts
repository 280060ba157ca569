/** Whom a node tells which neighbours it has, and when (`neighbours`): what others find their links by. */
import type { Clock } from '../lib/clock.ts'
import { type Random, shuffled } from '../lib/random.ts'
import { neighboursToldMax } from './limits.ts'
import type { Session } from './session.ts'

/** Changes that come together are told together. */
const tellSoonMs = 200
/** A newcomer is told at once, all others only so often: who joins a swarm of a dozen would have each tell each. */
const tellAllEveryMs = 10_000
/** With more links than this still more seldom: a relay of a thousand would say nothing else. */
const manyLinks = 32
const tellManyEveryMs = 60_000
/** Of many links a message names so many by chance, to each of our neighbours others; of few all, and nothing where that is no news. */
const sampleMax = 16

export type Later = (delayMs: number, act: () => void) => () => void

/** `later(delay, act)()`: does it after this time, once for all that comes in one burst. */
export const createLater =
  (clock: Clock, over: () => boolean): Later =>
  (delayMs, act) => {
    let due = false
    return () => {
      if (due || over()) return
      due = true
      clock.after(delayMs, () => {
        due = false
        if (!over()) act()
      })
    }
  }

export interface Telling {
  /** It knows nothing of us yet, or may have forgotten it. */
  readonly joined: (session: Session) => void
  readonly left: (session: Session) => void
  readonly changed: () => void
}

export const createTelling = (random: Random, later: Later, sessions: () => readonly Session[]): Telling => {
  const untold = new Set<Session>()
  /** Whom each was told of last. */
  const told = new WeakMap<Session, string>()
  const many = (): boolean => sessions().length > manyLinks
  const tell = (to: readonly Session[]): void => {
    const links = (role: Session['role']): readonly Session[] => sessions().filter((session) => session.role === role)
    const nodes = shuffled(random, links('node'))
    // The same ones each time, for else each would be news.
    const relays = links('relay').toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const count = Math.min(nodes.length, many() ? sampleMax : neighboursToldMax.nodes)
    to.forEach((session, at) => {
      const sampled = Array.from({ length: count }, (_, i) => nodes[(at * count + i) % nodes.length]!)
      const peers = sampled.filter((link) => link !== session)
      const others = relays.filter((link) => link !== session).slice(0, neighboursToldMax.relays)
      const names = [...peers, ...others]
        .map(({ id }) => id)
        .sort()
        .join()
      if (names === told.get(session)) return
      told.set(session, names)
      void session.send(['neighbours', { peers: peers.map(({ device }) => device), relays: others.map(({ device }) => device) }])
    })
    untold.clear()
  }
  const tellNew = later(tellSoonMs, () => tell([...untold]))
  const tellAll = later(tellAllEveryMs, () => tell(sessions()))
  const tellMany = later(tellManyEveryMs, () => tell(sessions()))
  return {
    joined: (session) => {
      untold.add(session)
      told.delete(session)
    },
    left: (session) => void untold.delete(session),
    changed: () => {
      tellNew()
      if (many()) tellMany()
      else tellAll()
    },
  }
}
