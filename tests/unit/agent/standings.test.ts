import { expect, test } from 'vitest'
import { createStandings } from '../../../src/agent/standings.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'

const key = (name: string) => sha256(utf8(name))
const summaryOf = (name: string, staked: number) => ({ author: key(name), seq: 3, id: key('id'), claimed: 100, paid: 30, staked })

test('a relay’s answer is told to all who wait, and kept for a while', async () => {
  const clock = createManualClock()
  const asked: string[] = []
  const standings = createStandings(clock, (author) => asked.push(toHex(author)) > 0)
  const waiting = Promise.all([standings.of(toHex(key('w'))), standings.of(toHex(key('w')))])
  standings.heard(toHex(key('w')), summaryOf('w', 20))
  for (const standing of await waiting) expect(standing).toMatchObject({ balanceMicro: 50, stakedMicro: 20 })
  expect(await standings.of(toHex(key('w')))).toMatchObject({ stakedMicro: 20 })
  expect(asked).toEqual([toHex(key('w'))])
  await clock.advance(60_000)
  const later = standings.of(toHex(key('w')))
  standings.heard(toHex(key('w')), null)
  expect(await later).toMatchObject({ balanceMicro: 0, stakedMicro: 0 })
})

test('nobody answers, nobody is there to, or too many are asked about: unknown', async () => {
  const clock = createManualClock()
  let here = true
  const standings = createStandings(clock, () => here)
  const all = Array.from({ length: 20 }, (_, i) => standings.of(toHex(key(`${i}`))))
  // Beyond what is asked at once, without waiting.
  expect(await all[19]).toBeUndefined()
  await clock.advance(5_000)
  expect(await Promise.all(all)).toEqual(Array(20).fill(undefined))
  here = false
  expect(await standings.of(toHex(key('w')))).toBeUndefined()
})
