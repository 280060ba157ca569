/** A handful of seeds, and that a seed is a whole run: the command for hundreds of them is `npm run sim`. */
import { expect, test } from 'vitest'
import { faultNames } from './fault-names.ts'
import { surrounded } from './attackers/eclipser.ts'
import { parseOptions, replayCommand } from './options.ts'
import { problemsOf } from './report.ts'
import { type Scenario, simulate } from './simulate.ts'

const base: Scenario = { seed: 1, nodes: 9, minutes: 3, kind: 'private', witnesses: 4, faults: [] }

test('two runs of a seed are the same to the last frame, and another seed is another run', async () => {
  const scenario = { ...base, minutes: 2, faults: faultNames }
  const [one, again, other] = [await simulate(scenario), await simulate(scenario), await simulate({ ...scenario, seed: 2 })]
  expect(again.hash).toBe(one.hash)
  expect(other.hash).not.toBe(one.hash)
})

// Seeds in which every replica is heard of in time: one that is cut off for longer than its requester waits is not paid (tasks.md).
test.each([12, 13])('honest nodes in bad weather: all is settled, and nothing was lost (seed %i)', async (seed) => {
  const { violations, figures, counts } = await simulate({ ...base, seed })
  expect(violations).toEqual([])
  expect(counts.texts).toBeGreaterThan(0)
  expect(counts.crashes).toBeGreaterThan(0)
  // Work done is work paid for, to the micro-credit: nobody of them gains, nobody loses.
  expect(figures).toMatchObject([{ kind: 'honest', gainMicro: 0, freeServiceMicro: 0 }])
})

test.each([
  'double-spender',
  'id-grinder',
  'liar',
  'lazy-worker',
  'wash-trader',
  'spammer',
  'equivocating-witness',
  'withholding-witness',
] as const)('%s: what must hold holds', async (fault) => {
  const { violations, figures, counts } = await simulate({ ...base, seed: 21, faults: [fault] })
  expect(violations).toEqual([])
  // Who answers wrongly is fined, by witnesses that do the work again; nobody else is.
  expect(counts.fines > 0).toBe(fault === 'liar' || fault === 'lazy-worker')
  expect(figures.map(({ kind }) => kind)).toContain(fault)
})

test.each(['non-payer', 'free-rider', 'bad-mouther'] as const)(
  '%s: has no more for nothing than the tabs that it was granted',
  async (fault) => {
    const outcome = await simulate({ ...base, minutes: 5, seed: 22, faults: [fault] })
    expect(problemsOf(outcome)).toEqual([])
    expect(outcome.figures.find(({ kind }) => kind === fault)?.freeServiceMicro).toBeGreaterThan(0)
  },
)

test('public: who pays nobody ahead has nothing for it, who works from no deposit comes to one, and all is settled', async () => {
  const outcome = await simulate({
    ...base,
    nodes: 12,
    minutes: 6,
    kind: 'public',
    seed: 24,
    faults: ['non-payer', 'bad-mouther', 'double-spender'],
  })
  expect(problemsOf(outcome)).toEqual([])
  const [honest] = outcome.figures
  expect(honest).toMatchObject({ kind: 'honest' })
  expect(honest!.sameWorkMicro).toBeGreaterThan(0)
  for (const { kind, freeServiceMicro } of outcome.figures)
    if (kind === 'non-payer' || kind === 'bad-mouther') expect(freeServiceMicro, kind).toBe(0)
})

test('eclipser: who is surrounded has its work done, its payments certified and its income claimed all the same', async () => {
  const outcome = await simulate({ ...base, nodes: 12, minutes: 6, seed: 23, faults: ['eclipser'] })
  expect(problemsOf(outcome)).toEqual([])
  expect(outcome.notes.filter((note) => note.includes('keeps back'))).not.toEqual([])
  expect(outcome.textsFor[surrounded]).toBeGreaterThan(0)
})

test('one witness is enough of a swarm', async () => {
  expect((await simulate({ ...base, seed: 31, nodes: 6, witnesses: 1 })).violations).toEqual([])
})

test('the command line: what a failure prints runs the same again, and what is not there is refused by name', () => {
  const scenario: Scenario = { seed: 7, nodes: 12, minutes: 10, kind: 'public', witnesses: 4, faults: ['liar', 'non-payer'] }
  const parsed = parseOptions(replayCommand(scenario).replace('npm run sim -- ', '').split(' '))
  expect(parsed).toEqual({ ok: true, value: { json: false, scenarios: [scenario] } })
  const many = parseOptions(['--seeds', '3..5', '--json'])
  expect(many.ok && many.value.scenarios.map(({ seed, kind }) => [seed, kind])).toEqual([
    [3, 'public'],
    [4, 'private'],
    [5, 'private'],
  ])
  expect(parseOptions(['--faults', 'lair'])).toMatchObject({ ok: false })
  expect(parseOptions(['--witnesses', '1', '--faults', 'equivocating-witness'])).toMatchObject({ ok: false })
  expect(parseOptions(['--seeds', '1..200', '--jobs', '2', '--within', '240'])).toMatchObject({
    ok: true,
    value: { jobs: 2, withinS: 240 },
  })
  for (const bad of [
    ['--seed'],
    ['--seed', '-1'],
    ['--seeds', '5..3'],
    ['--nodes', '5'],
    ['--witnesses', '3'],
    ['--jobs', '0'],
    ['--kind', 'secret'],
    ['--speed', '9'],
  ])
    expect(parseOptions(bad), bad.join(' ')).toMatchObject({ ok: false })
})
