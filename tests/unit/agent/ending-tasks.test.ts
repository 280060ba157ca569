/** Tasks that end otherwise than they began: nothing stays reserved, collected or asked for behind them. */
import { expect, test } from 'vitest'
import { createMemorySwarm, type MemoryAgent } from '../../support/memory-agents.ts'
import { allReady, jobOf, pass, storedTasks, submitTexts } from '../../support/memory-jobs.ts'

const twoOf = async (seed: string) => {
  const swarm = await createMemorySwarm(seed)
  const [requester, worker] = [await swarm.join('r'), await swarm.join('w')]
  await allReady(swarm, [requester, worker])
  return { swarm, requester, worker }
}
const reservedMicro = async ({ vault }: MemoryAgent): Promise<number> => {
  const account = await vault.call('account', 'account', {})
  if (!account.ok) throw new Error(account.error.type)
  return account.value.reservedMicro
}

test('a job cancelled while its sow is being signed leaves no reservation', async () => {
  const { swarm, requester } = await twoOf('cancelled early')
  let asked = false
  let goOn = (): void => {}
  const signed = new Promise<void>((done) => (goOn = done))
  requester.before = async (_, id) => {
    if (!id.startsWith('sow/')) return undefined
    asked = true
    await signed
    return undefined
  }
  const id = await submitTexts(requester, 100, 1)
  await swarm.until('the sow is asked for', () => asked)
  await requester.agent().jobs.cancel(id)
  await pass(swarm, 2_000)
  goOn()
  await pass(swarm, 10_000)
  expect(await reservedMicro(requester)).toBe(0)
  expect(requester.agent().busy()).toBe(false)
})

test('a job cancelled after its sow was signed and before that was noted leaves no reservation', async () => {
  const { swarm, requester } = await twoOf('cancelled unnoted')
  let reserved = false
  // The vault has reserved; its answer is lost with the agent.
  requester.before = async (_, id, args) => {
    if (!id.startsWith('sow/') || reserved) return undefined
    reserved = true
    await requester.vault.call(id, 'sign', args as never)
    return { type: 'unavailable' }
  }
  const id = await submitTexts(requester, 100, 1)
  await swarm.until('the vault has reserved', () => reserved)
  await requester.agent().jobs.cancel(id)
  await pass(swarm, 10_000)
  expect(await reservedMicro(requester)).toBe(0)
  expect(requester.agent().busy()).toBe(false)
})

test('a voucher that can never be signed again is given up: left, restored and joined anew with a delivery unpaid', async () => {
  const { swarm, requester } = await twoOf('joined anew')
  requester.before = async (call) => (call === 'reward' ? { type: 'unavailable' } : undefined)
  const id = await submitTexts(requester, 10, 1)
  await swarm.until('done', () => jobOf(requester, id).state === 'done')
  const words = (await requester.vault.phraseWords())!
  await requester.vault.leaveSwarm()
  await requester.vault.restore(words.join(' '))
  await requester.vault.joinSwarm(swarm.link)
  requester.before = async () => undefined
  await pass(swarm, 60_000)
  expect(requester.agent().busy()).toBe(false)
  expect(requester.agent().view().jobs[0]).toMatchObject({ state: 'done', costMicro: 0, agreed: { '1': 10 } })
  await requester.agent().jobs.remove(id)
  expect(await requester.store().get('job-texts', id)).toBeUndefined()
})

test('a vault that cannot answer now is asked again, and the voucher comes', async () => {
  const { swarm, requester, worker } = await twoOf('asked again')
  let refusals = 0
  requester.before = async (call) => (call === 'reward' && ++refusals < 4 ? { type: 'storage', message: 'quota' } : undefined)
  await submitTexts(requester, 10, 1)
  await swarm.until('paid', () => worker.agent().view().work[0]?.state === 'paid')
  expect(refusals).toBeGreaterThan(3)
})

test.each(['done', 'cancelled'] as const)('of a task that is %s no key is left in the store, and its salt neither', async (end) => {
  const { swarm, requester, worker } = await twoOf(`keys ${end}`)
  const id = await submitTexts(requester, 10, 1)
  await swarm.until('hired', () => worker.agent().view().work.length > 0)
  const secrets = async () => (await storedTasks(requester))[0]!.replicas.map((r) => [r.kemPrivate.length, r.salt.length])
  expect(await secrets()).toEqual([[32, 32]])
  if (end === 'cancelled') await requester.agent().jobs.cancel(id)
  await swarm.until('over', () => jobOf(requester, id).state === end && !requester.agent().busy())
  expect(await secrets()).toEqual([[0, 0]])
})
