import { expect, test } from 'vitest'
import { coversOf, createStandings, forStrangers } from '../../../src/agent/standings.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'

const key = (name: string) => sha256(utf8(name))
/** The relay of a witness is named after it; one of a witness's several devices has a number. */
const witnessOf = (relay: string) => (relay.startsWith('nobody') ? undefined : relay.split(' ')[0])
const summaryOf = (name: string, staked: number) => ({
  summary: { author: key(name), seq: 3, id: key('id'), claimed: 100, paid: 30, staked },
})

test('a relay’s answer is told to all who wait, and kept for a while', async () => {
  const clock = createManualClock()
  const asked: string[] = []
  const standings = createStandings(clock, 0, { ask: (author) => asked.push(toHex(author)), witnessOf })
  const waiting = Promise.all([standings.of(toHex(key('w'))), standings.of(toHex(key('w')))])
  standings.heard('r', toHex(key('w')), summaryOf('w', 20))
  for (const standing of await waiting) expect(standing).toMatchObject({ balanceMicro: 50, stakedMicro: 20 })
  expect(await standings.of(toHex(key('w')))).toMatchObject({ stakedMicro: 20 })
  expect(asked).toEqual([toHex(key('w'))])
  await clock.advance(60_000)
  const later = standings.of(toHex(key('w')))
  standings.heard('r', toHex(key('w')), { summary: null })
  expect(await later).toMatchObject({ balanceMicro: 0, stakedMicro: 0 })
})

test('fines burn the stake, then the balance, and a closed account has neither', async () => {
  const clock = createManualClock()
  const standings = createStandings(clock, 0, { ask: () => 1, witnessOf })
  const of = async (slashed: number, closed = false) => {
    await clock.advance(60_000)
    const asked = standings.of(toHex(key('w')))
    standings.heard('r', toHex(key('w')), { ...summaryOf('w', 20), penalties: { slashed, closed } })
    const { balanceMicro, stakedMicro } = (await asked)!
    return [balanceMicro, stakedMicro]
  }
  expect(await of(15)).toEqual([50, 5])
  expect(await of(30)).toEqual([40, 0])
  expect(await of(90)).toEqual([-20, 0])
  expect(await of(0, true)).toEqual([0, 0])
})

test('credits that a fine burned cover no work, unless it is paid ahead', async () => {
  const clock = createManualClock()
  const standings = createStandings(clock, 0, { ask: () => 1, witnessOf })
  const w = toHex(key('w'))
  const covers = async (micro: number, slashed: number): Promise<boolean> => {
    await clock.advance(60_000)
    const asked = coversOf(standings.of)(w, micro)
    standings.heard('r', w, { ...summaryOf('w', 20), penalties: { slashed, closed: false } })
    return asked
  }
  expect([await covers(50, 20), await covers(50, 21), await covers(1, 90), await covers(0, 90)]).toEqual([true, false, false, true])
})

test('two of four relays must know a fine before it is one; a liar alone fines nobody', async () => {
  const clock = createManualClock()
  const standings = createStandings(clock, 1, { ask: () => 4, witnessOf })
  const w = toHex(key('w'))
  const fined = { ...summaryOf('w', 20), penalties: { slashed: 1_000, closed: true } }
  const asked = standings.of(w)
  standings.heard('liar', w, fined)
  standings.heard('behind', w, summaryOf('w', 20))
  standings.heard('honest', w, summaryOf('w', 20))
  expect(await asked).toMatchObject({ balanceMicro: 50, stakedMicro: 20 })
})

test('nobody answers, nobody is there to, or too many are asked about: unknown', async () => {
  const clock = createManualClock()
  let here = true
  const standings = createStandings(clock, 0, { ask: () => (here ? 1 : 0), witnessOf })
  const all = Array.from({ length: 20 }, (_, i) => standings.of(toHex(key(`${i}`))))
  // Beyond what is asked at once, without waiting.
  expect(await all[19]).toBeUndefined()
  await clock.advance(5_000)
  expect(await Promise.all(all)).toEqual(Array(20).fill(undefined))
  here = false
  expect(await standings.of(toHex(key('w')))).toBeUndefined()
})

test('of four relays one may lie: two must support a figure, and what two more say raises it', async () => {
  const clock = createManualClock()
  const standings = createStandings(clock, 1, { ask: () => 4, witnessOf })
  const w = toHex(key('w'))
  const asked = standings.of(w)
  standings.heard('liar', w, summaryOf('w', 1_000))
  standings.heard('liar', w, summaryOf('w', 2_000))
  standings.heard('behind', w, { summary: null })
  standings.heard('honest', w, summaryOf('w', 20))
  expect(await asked).toMatchObject({ stakedMicro: 20 })
  standings.heard('late', w, summaryOf('w', 30))
  expect(await standings.of(w)).toMatchObject({ stakedMicro: 30 })
})

test('one of several relays alone is not believed, in time or too late', async () => {
  const clock = createManualClock()
  let relays = 4
  const standings = createStandings(clock, 1, { ask: () => relays, witnessOf })
  const [w, v, u] = ['w', 'v', 'u'].map((name) => toHex(key(name))) as [string, string, string]
  const alone = standings.of(w)
  standings.heard('liar', w, summaryOf('w', 1_000))
  await clock.advance(5_000)
  expect(await alone).toBeUndefined()
  // Two of four, where no third answers: of what both support one is honest.
  const two = standings.of(v)
  standings.heard('liar', v, summaryOf('v', 1_000))
  standings.heard('honest', v, summaryOf('v', 20))
  await clock.advance(5_000)
  expect(await two).toMatchObject({ stakedMicro: 20 })
  relays = 1
  expect(await standings.of(u)).toBeUndefined()
})

test('a witness that answers from two devices is one, and a relay that no witness names is none', async () => {
  const clock = createManualClock()
  const standings = createStandings(clock, 1, { ask: () => 4, witnessOf })
  const naive = createStandings(clock, 1, { ask: () => 4, witnessOf: (relay) => relay })
  const w = toHex(key('w'))
  const [asked, believed] = [standings.of(w), naive.of(w)]
  for (const relay of ['liar', 'liar 2', 'nobody', 'nobody 2'])
    for (const of of [standings, naive]) of.heard(relay, w, summaryOf('w', 1_000))
  await clock.advance(5_000)
  expect(await believed).toMatchObject({ stakedMicro: 1_000 })
  expect(await asked).toBeUndefined()
  const again = standings.of(w)
  for (const relay of ['liar', 'liar 2']) standings.heard(relay, w, summaryOf('w', 1_000))
  standings.heard('honest', w, summaryOf('w', 20))
  standings.heard('honest 2', w, summaryOf('w', 10))
  await clock.advance(5_000)
  expect(await again).toMatchObject({ stakedMicro: 10 })
})

test('sows of ever new keys take their own share of the questions: whom one hires can be asked about all the same', async () => {
  const clock = createManualClock()
  let asked = 0
  const standings = createStandings(clock, 0, { ask: () => (asked++, 1), witnessOf })
  const stranger = forStrangers(clock, standings.of)
  const flood = (name: string) => Promise.all(Array.from({ length: 100 }, (_, i) => stranger(toHex(key(`${name} ${i}`)))))
  const worker = async (name: string): Promise<unknown> => {
    const answer = standings.of(toHex(key(name)))
    standings.heard('r', toHex(key(name)), summaryOf(name, 20))
    return answer
  }
  // None of them is answered: those that wait are few.
  for (let n = 0; n < 20; n++) {
    const answers = flood(`${n}`)
    expect(await worker(`w${n}`)).toMatchObject({ stakedMicro: 20 })
    await clock.advance(2_000)
    expect(await answers).toEqual(Array(100).fill(undefined))
  }
  expect(asked - 20).toBeLessThanOrEqual(30 + 20)
  expect(asked - 20).toBeGreaterThan(30)
})

test('a stranger that asks for work again and again is asked about once in a while', async () => {
  const clock = createManualClock()
  const asked: string[] = []
  const stranger = forStrangers(clock, async (author) => void asked.push(author))
  for (let n = 0; n < 100; n++) expect(await stranger('s')).toBeUndefined()
  expect(asked).toEqual(['s'])
  await clock.advance(30_000)
  await stranger('s')
  expect(asked).toEqual(['s', 's'])
})
