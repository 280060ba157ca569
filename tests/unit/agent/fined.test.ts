/** An account that is fined while it owes (ledger.md, *Verdicts*): it is told, promises no more, and pays as it earns. */
import { expect, test } from 'vitest'
import { encodeVerdict, offenceOf, signVerdict, verdictKey } from '../../../src/ledger/verdict.ts'
import { fromHex } from '../../../src/lib/bytes.ts'
import { createMemorySwarm, grantMicro, type MemoryAgent, type MemorySwarm } from '../../support/memory-agents.ts'
import { allReady, jobOf, numberedTexts, pass, submitTexts } from '../../support/memory-jobs.ts'
import { testIdentity } from '../../support/memory-nodes.ts'

const perText = 50_000
const fineMicro = 100_000_000

/** The witness comes back with so many verdicts against it. */
const fine = async (swarm: MemorySwarm, seed: string, { id }: MemoryAgent, times: number): Promise<void> => {
  await swarm.stopRelay()
  const { signer } = await testIdentity(`${seed}/witness`)
  const target = fromHex(id)!
  for (let seq = 0; seq < times; seq++) {
    const finding = { target, reason: 'DoubleSpend', offence: offenceOf.doubleSpend(target, seq) } as const
    const verdict = await signVerdict(signer, swarm.link.swarm, finding)
    await swarm.relayStore.commit([{ table: 'verdicts', key: verdictKey(finding), value: encodeVerdict(verdict) }])
  }
  await swarm.startRelay()
}
const credits = (member: MemoryAgent) => member.agent().view().credits

test('what it signed before waits, its new jobs are refused, and what it earns pays its debts first', { timeout: 120_000 }, async () => {
  const swarm = await createMemorySwarm('fined')
  const agents = await Promise.all(['r', 'a', 'b', 'c'].map((name) => swarm.join(name, { msPerText: 2 })))
  await allReady(swarm, agents)
  const [fined, ...others] = agents as [MemoryAgent, ...MemoryAgent[]]

  // Its debts are in an entry that no witness has seen.
  await swarm.stopRelay()
  await pass(swarm, 5_000)
  const owed = await submitTexts(fined, 100, 3)
  await swarm.until('done without a witness', () => jobOf(fined, owed).state === 'done')
  const owedMicro = 3 * 100 * perText
  await swarm.until('signed', () => credits(fined).owedMicro === 0 && credits(fined).reservedMicro === 0)
  await fine(swarm, 'fined', fined, 5)
  await swarm.until('it is told', () => fined.agent().view().trouble === 'slashed' || fined.agent().view().trouble === 'fined')
  await swarm.until('its fines count', () => credits(fined).finesMicro === 5 * fineMicro)
  expect(credits(fined)).toMatchObject({ availableMicro: 0, spentMicro: 0 })
  const texts = numberedTexts(1)
  const refused = await fined.agent().jobs.submit({ texts, ids: ['0'], model: 'mini', redundancy: 1, title: 't', where: 'network' })
  expect(refused).toMatchObject({ ok: false, error: { type: 'insufficient-credits', availableMicro: 0 } })
  await pass(swarm, 30_000)
  for (const other of others) expect(credits(other).earnedMicro).toBe(grantMicro)

  // It works for another, who pays more than it owes.
  const earning = await submitTexts(others[0]!, 400, 3)
  await swarm.until('it has worked', () => jobOf(others[0]!, earning).state === 'done', 300_000)
  await swarm.until('its debts are paid', () => others.every((other) => credits(other).earnedMicro >= grantMicro + 100 * perText), 300_000)
  await swarm.until(
    'all is settled',
    () => credits(fined).owedMicro === 0 && credits(fined).earnedMicro === grantMicro + 400 * perText,
    300_000,
  )
  const { accounts, inFlight } = await swarm.relay().ledger()
  expect(accounts.reduce((sum, a) => sum + a.balance, 0) + inFlight).toBe(0)
  expect(credits(fined).availableMicro).toBe(400 * perText - owedMicro)
})
