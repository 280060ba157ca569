/** Swarms in which an unknown requester pays ahead (economy.md, the table): step by step, never lost, never twice. */
import { expect, test } from 'vitest'
import { createMemorySwarm, grantMicro, type MemoryAgent, type MemorySwarm } from '../../support/memory-agents.ts'
import { allReady, jobOf, pass, submitTexts } from '../../support/memory-jobs.ts'

const perText = 50_000
const stepMicro = 5_000_000
const stepTexts = stepMicro / perText

const open = async (seed: string, names: readonly string[], msPerText = 2) => {
  const swarm = await createMemorySwarm(seed, { policy: { prepayMicro: stepMicro } })
  const agents = await Promise.all(names.map((name) => swarm.join(name, { msPerText })))
  await allReady(swarm, agents)
  const [requester, ...workers] = agents as [MemoryAgent, ...MemoryAgent[]]
  for (const worker of workers) expect(worker.agent().view().credits.earnedMicro).toBe(grantMicro)
  return { swarm, requester, workers }
}
const isDone = (swarm: MemorySwarm, requester: MemoryAgent, id: string, msMax = 300_000): Promise<void> =>
  swarm.until('done', () => jobOf(requester, id).state === 'done', msMax)
const aheadOf = async (requester: MemoryAgent): Promise<number> => {
  const account = await requester.vault.call('look', 'account', {})
  if (!account.ok) throw new Error(account.error.type)
  return account.value.ahead.reduce((sum, [, micro]) => sum + micro, 0)
}
const earned = (worker: MemoryAgent): number => worker.agent().view().credits.earnedMicro - grantMicro
/** What the last vouchers said has been settled, nothing is owed any more, and all that was paid has been claimed. */
const squared = async (swarm: MemorySwarm, requester: MemoryAgent, workers: readonly MemoryAgent[]): Promise<void> => {
  await pass(swarm, 5_000)
  await swarm.until('squared', () => {
    const { owedMicro, reservedMicro, spentMicro, earnedMicro, availableMicro } = requester.agent().view().credits
    // What is spent and what is left are all that came in: no entry waits for its certificate.
    const certified = availableMicro === earnedMicro - spentMicro
    return certified && owedMicro === 0 && reservedMicro === 0 && workers.reduce((sum, w) => sum + earned(w), 0) === spentMicro
  })
}

test('an unknown requester has a job of several steps done, pays a step ahead of each, and all adds up', { timeout: 120_000 }, async () => {
  const { swarm, requester, workers } = await open('steps', ['r', 'a', 'b', 'c'])
  let most = 0
  requester.onCall = () => void aheadOf(requester).then((micro) => (most = Math.max(most, micro)))
  const texts = 6 * stepTexts + 30
  const id = await submitTexts(requester, texts, 3)
  expect(jobOf(requester, id).parts.map((part) => part.count)).toEqual([...Array<number>(6).fill(stepTexts), 30])
  await isDone(swarm, requester, id)
  await squared(swarm, requester, workers)
  expect(requester.agent().view().jobs[0]).toMatchObject({ agreed: { '3': texts }, costMicro: 3 * texts * perText })
  expect(requester.agent().view().credits.spentMicro).toBe(3 * texts * perText)
  for (const worker of workers) expect(earned(worker)).toBe(texts * perText)
  // A step with each of three, and no more, was ever ahead; nothing is left of it.
  expect(most).toBe(3 * stepMicro)
  expect(await aheadOf(requester)).toBe(0)
  const { accounts, inFlight } = await swarm.relay().ledger()
  expect(accounts.reduce((sum, a) => sum + a.balance, 0) + inFlight).toBe(0)
})

test.each(['deaths', 'd3', 'd8'])(
  'whoever dies over a step, nothing is lost and nothing is paid twice (%s)',
  { timeout: 120_000 },
  async (seed) => {
    const { swarm, requester, workers } = await open(seed, ['r', 'a', 'b', 'c'])
    let calls = 0
    const dying = new Set<Promise<void>>()
    const dieAt = (agent: MemoryAgent, kinds: readonly string[]): void => {
      agent.onCall = (call) => {
        // Each seventh of what matters is the last that this life does.
        if (kinds.includes(call) && ++calls % 7 === 3) dying.add(agent.restart())
      }
    }
    dieAt(requester, ['prepay', 'settle', 'certified', 'reward'])
    dieAt(workers[0]!, ['sign', 'claim', 'certified'])
    const texts = 3 * stepTexts
    const id = await submitTexts(requester, texts, 3)
    await isDone(swarm, requester, id)
    await Promise.all(dying)
    expect(dying.size).toBeGreaterThan(3)
    await squared(swarm, requester, workers)
    const paid = requester.agent().view().credits.spentMicro
    const ahead = await aheadOf(requester)
    expect(paid - ahead).toBe(requester.agent().view().jobs[0]!.costMicro)
    for (const worker of workers) expect(earned(worker)).toBeLessThanOrEqual(texts * perText + stepMicro)
    expect(ahead).toBeLessThanOrEqual(3 * stepMicro)
  },
)

test(
  'a worker that vanishes with its step costs no more than that, and has the next task first when it is back',
  { timeout: 120_000 },
  async () => {
    const { swarm, requester, workers } = await open('vanished', ['r', 'a', 'b'], 100)
    const id = await submitTexts(requester, stepTexts, 1)
    await swarm.until('one has begun', () =>
      workers.some((w) =>
        w
          .agent()
          .view()
          .work.some((h) => h.state === 'executing'),
      ),
    )
    const gone = workers.find((w) =>
      w
        .agent()
        .view()
        .work.some((h) => h.state === 'executing'),
    )!
    const other = workers.find((w) => w !== gone)!
    expect(await aheadOf(requester)).toBe(stepMicro)
    await gone.vault.changeSettings({ paused: 'off' })
    await isDone(swarm, requester, id)
    await swarm.until('settled', () => requester.agent().view().credits.owedMicro === 0)
    // Shown as what it is: paid for work that may still come.
    expect(requester.agent().view().credits.aheadMicro).toBe(stepMicro)
    expect(requester.agent().view()).toMatchObject({ credits: { spentMicro: 2 * stepMicro }, jobs: [{ costMicro: stepMicro }] })
    expect(await aheadOf(requester)).toBe(stepMicro)
    await gone.vault.changeSettings({ paused: null })
    await pass(swarm, 30_000)
    await isDone(swarm, requester, await submitTexts(requester, stepTexts, 1))
    await squared(swarm, requester, workers)
    // The other had been paid for its work and was as quick: what was paid ahead decides.
    expect([earned(gone), earned(other)]).toEqual([stepMicro, stepMicro])
    expect(await aheadOf(requester)).toBe(0)
  },
)

test('a job that is called off before a step is signed pays nobody; a step that was signed is the first of the next work', async () => {
  const { swarm, requester, workers } = await open('called off', ['r', 'a', 'b', 'c'])
  let settles = false
  requester.before = async (call) => (call === 'settle' && !settles ? { type: 'unavailable' } : undefined)
  const credits = () => requester.agent().view().credits
  const id = await submitTexts(requester, stepTexts, 3)
  await swarm.until('all are promised a step', () => credits().aheadMicro === 3 * stepMicro)
  await requester.agent().jobs.cancel(id)
  await swarm.until('all is free again', () => credits().reservedMicro === 0 && credits().owedMicro === 0)
  expect(credits()).toMatchObject({ availableMicro: grantMicro, aheadMicro: 0 })
  settles = true
  await pass(swarm, 30_000)
  expect([credits().spentMicro, ...workers.map(earned)]).toEqual([0, 0, 0, 0])

  // Signed, and called off before the witness has seen it.
  requester.before = async (call) => (call === 'certified' ? { type: 'unavailable' } : undefined)
  const second = await submitTexts(requester, stepTexts, 1)
  await swarm.until('its step is signed', () => credits().aheadMicro === stepMicro && credits().owedMicro === 0)
  await requester.agent().jobs.cancel(second)
  requester.before = async () => undefined
  await swarm.until('it is paid', () => workers.reduce((sum, w) => sum + earned(w), 0) === stepMicro)
  // All three do the next: who was paid already is paid no more for it. None of them still holds on to what was called off.
  await isDone(swarm, requester, await submitTexts(requester, stepTexts, 3))
  await squared(swarm, requester, workers)
  expect([credits().spentMicro, ...workers.map(earned)]).toEqual([3 * stepMicro, stepMicro, stepMicro, stepMicro])
})

test('who never pays gets nothing; who has paid has a tenth of it as a tab', { timeout: 120_000 }, async () => {
  const { swarm, requester, workers } = await open('unpaid', ['r', 'a'])
  const [worker] = workers as [MemoryAgent]
  let pays = false
  requester.before = async (call) => (call === 'prepay' && !pays ? { type: 'unavailable' } : undefined)
  const unpaid = await submitTexts(requester, 10, 1)
  await pass(swarm, 150_000)
  expect(jobOf(requester, unpaid).state).toBe('failed')
  expect(worker.texts()).toBe(0)
  pays = true
  // Twelve steps, of which a tenth is more than a task of ten texts comes to.
  await isDone(swarm, requester, await submitTexts(requester, 12 * stepTexts, 1), 600_000)
  await squared(swarm, requester, workers)
  pays = false
  const before = worker.texts()
  await isDone(swarm, requester, await submitTexts(requester, 10, 1))
  expect(worker.texts() - before).toBe(10)
})
