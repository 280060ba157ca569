/** Who is told of which links, and when that is no news. */
import { expect, test } from 'vitest'
import type { Bytes } from '../../../src/lib/bytes.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { neighboursToldMax } from '../../../src/network/limits.ts'
import type { Session } from '../../../src/network/session.ts'
import { createLater, createTelling } from '../../../src/network/telling.ts'
import type { WireMessage } from '../../../src/network/wire.ts'

interface Told {
  readonly peers: readonly number[]
  readonly relays: readonly number[]
}

const setUp = (nodes: number, relays: number) => {
  const clock = createManualClock()
  const told = new Map<Session, Told[]>()
  const make = (role: Session['role'], at: number): Session => {
    const heard: Told[] = []
    const numbers = (devices: readonly Bytes[]): number[] => devices.map((device) => device[0]!).sort((a, b) => a - b)
    const send = async ([type, body]: WireMessage) => {
      if (type === 'neighbours') heard.push({ peers: numbers(body.peers), relays: numbers(body.relays) })
      return { ok: true as const, value: undefined }
    }
    const session = { id: `${role} ${at}`, role, device: Uint8Array.of(at), send } as unknown as Session
    told.set(session, heard)
    return session
  }
  let sessions = [
    ...Array.from({ length: nodes }, (_, i) => make('node', i)),
    ...Array.from({ length: relays }, (_, i) => make('relay', 100 + i)),
  ]
  const telling = createTelling(
    createSeededRandom('telling'),
    createLater(clock, () => false),
    () => sessions,
  )
  for (const session of sessions) telling.joined(session)
  telling.changed()
  return { clock, telling, sessions, heard: (at: number) => told.get(sessions[at]!)!, now: (next: Session[]) => void (sessions = next) }
}

test('each is told at once of all others, relays apart, and of nothing that it knows', async () => {
  const { clock, telling, heard } = setUp(3, 2)
  await clock.advance(300)
  expect(heard(0)).toEqual([{ peers: [1, 2], relays: [100, 101] }])
  expect(heard(3)).toEqual([{ peers: [0, 1, 2], relays: [101] }])
  telling.changed()
  await clock.advance(120_000)
  expect([0, 1, 2, 3, 4].map((at) => heard(at).length)).toEqual([1, 1, 1, 1, 1])
})

test('what has changed is told to whom it concerns, and all to who may have forgotten it', async () => {
  const { clock, telling, sessions, heard, now } = setUp(3, 1)
  await clock.advance(300)
  now(sessions.slice(0, 2))
  telling.changed()
  await clock.advance(11_000)
  expect(heard(0)).toEqual([
    { peers: [1, 2], relays: [100] },
    { peers: [1], relays: [] },
  ])
  telling.joined(sessions[1]!)
  telling.changed()
  await clock.advance(11_000)
  expect(heard(0)).toHaveLength(2)
  expect(heard(1).slice(1)).toEqual([
    { peers: [0], relays: [] },
    { peers: [0], relays: [] },
  ])
})

test('of more relays than a message holds the same are named each time', async () => {
  const { clock, telling, heard } = setUp(2, 10)
  await clock.advance(300)
  for (let i = 0; i < 5; i++) {
    telling.changed()
    await clock.advance(10_000)
  }
  expect(heard(0)).toHaveLength(1)
  expect(heard(0)[0]!.relays).toHaveLength(neighboursToldMax.relays)
})

test('of many links some are told, and of relays no more than a message holds', async () => {
  const { clock, heard } = setUp(60, 20)
  await clock.advance(300)
  const [told] = heard(0)
  expect(told!.peers.length).toBeGreaterThan(10)
  expect(told!.peers.length).toBeLessThanOrEqual(16)
  expect(told!.relays).toHaveLength(neighboursToldMax.relays)
})
