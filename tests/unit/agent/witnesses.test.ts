/** Four witnesses, each in a relay of its own: whole agents on virtual time. Two of four may be away, one of four may lie. */
import { expect, test } from 'vitest'
import type { LedgerView } from '../../../src/agent/relay-ledger.ts'
import { createMemorySwarm, grantMicro, type MemoryAgent, type MemorySwarm } from '../../support/memory-agents.ts'
import { createLyingWitness } from '../../support/lying-witness.ts'

const perText = 50_000
const textsOf = (n: number): readonly string[] => Array.from({ length: n }, (_, i) => `text number ${i}`)

const credits = (agent: MemoryAgent) => agent.agent().view().credits
const granted = (swarm: MemorySwarm, agents: readonly MemoryAgent[]): Promise<void> =>
  swarm.until('all have their grant and know each other', () =>
    agents.every((a) => {
      const view = a.agent().view()
      return view.credits.earnedMicro >= grantMicro && view.peers.filter((p) => p.role === 'node').length >= agents.length - 1
    }),
  )
const submit = async (requester: MemoryAgent, n: number): Promise<string> => {
  const texts = textsOf(n)
  const job = await requester
    .agent()
    .jobs.submit({ texts, ids: texts.map(String), model: 'mini', redundancy: 1, title: 't', where: 'network' })
  if (!job.ok) throw new Error(JSON.stringify(job.error))
  return job.value
}
const done = (swarm: MemorySwarm, requester: MemoryAgent, id: string): Promise<void> =>
  swarm.until(
    'done',
    () =>
      requester
        .agent()
        .jobs.list()
        .find((j) => j.id === id)!.state === 'done',
  )
const earned = (swarm: MemorySwarm, worker: MemoryAgent, micro: number): Promise<void> =>
  swarm.until(`${worker.name} has earned ${micro}`, () => credits(worker).earnedMicro === grantMicro + micro)

const ledgers = (swarm: MemorySwarm, of = swarm.relays): Promise<LedgerView[]> => Promise.all(of.map((relay) => relay.node()!.ledger()))
/** Every replica holds the same, and it adds up to nothing. */
const alike = async (swarm: MemorySwarm, of = swarm.relays): Promise<LedgerView> => {
  const [first, ...rest] = await ledgers(swarm, of)
  for (const ledger of rest) expect(ledger).toEqual(first)
  expect(first!.accounts.reduce((sum, a) => sum + a.balance, 0) + first!.inFlight).toBe(0)
  return first!
}
const pair = async (swarm: MemorySwarm): Promise<readonly [requester: MemoryAgent, worker: MemoryAgent]> => {
  const agents = [await swarm.join('r'), await swarm.join('a')] as const
  await granted(swarm, agents)
  return agents
}

test('credits move over four witnesses, and their replicas are one', async () => {
  const swarm = await createMemorySwarm('four', { witnesses: 4 })
  const [requester, worker] = await pair(swarm)
  await done(swarm, requester, await submit(requester, 20))
  await earned(swarm, worker, 20 * perText)
  await swarm.clock.advance(1_000)
  const { accounts, inFlight } = await alike(swarm)
  expect(accounts.map(({ balance }) => balance).sort((a, b) => a - b)).toEqual([
    -2 * grantMicro,
    grantMicro - 20 * perText,
    grantMicro + 20 * perText,
  ])
  expect(inFlight).toBe(0)
})

test('one of four is away: three go on, and it catches up when it is back', async () => {
  const swarm = await createMemorySwarm('one away', { witnesses: 4 })
  await swarm.stopRelay(3)
  const [requester, worker] = await pair(swarm)
  await done(swarm, requester, await submit(requester, 20))
  await earned(swarm, worker, 20 * perText)
  await swarm.startRelay(3)
  await swarm.clock.advance(90_000)
  await alike(swarm)
  // Now the one that was away is needed: it knows all that is claimed.
  await swarm.stopRelay(1)
  await done(swarm, requester, await submit(requester, 20))
  await earned(swarm, worker, 40 * perText)
})

test('cut off from the others, a witness learns from nodes, and all are one when the cut has healed', async () => {
  const swarm = await createMemorySwarm('partition', { witnesses: 4 })
  const [, , , last] = swarm.relays
  for (const { url } of swarm.relays.slice(0, 3)) swarm.hub.cut(url, last!.url)
  const [requester, worker] = await pair(swarm)
  // The worker reaches only the three, the requester all.
  swarm.hub.cut('a', last!.url)
  await done(swarm, requester, await submit(requester, 20))
  await earned(swarm, worker, 20 * perText)
  for (const { url } of swarm.relays.slice(0, 3)) swarm.hub.heal(url, last!.url)
  await swarm.clock.advance(120_000)
  await alike(swarm)
})

test('two of four are away: work goes on, pays, claims and grants wait, and nothing is lost when one is back', async () => {
  const swarm = await createMemorySwarm('two away', { witnesses: 4 })
  const [requester, worker] = await pair(swarm)
  await swarm.stopRelay(2)
  await swarm.stopRelay(3)
  const newcomer = await swarm.join('new')
  await done(swarm, requester, await submit(requester, 20))
  await swarm.clock.advance(120_000)
  expect(credits(worker)).toMatchObject({ earnedMicro: grantMicro, pendingMicro: 20 * perText })
  expect(credits(requester)).toMatchObject({ spentMicro: 0 })
  expect(credits(newcomer)).toMatchObject({ earnedMicro: 0 })
  await swarm.startRelay(2)
  await earned(swarm, worker, 20 * perText)
  await swarm.until('the newcomer has its grant', () => credits(newcomer).earnedMicro === grantMicro)
  expect(credits(requester)).toMatchObject({ spentMicro: 20 * perText, owedMicro: 0 })
  await swarm.startRelay(3)
  await swarm.clock.advance(90_000)
  const { accounts } = await alike(swarm)
  expect(accounts.find(({ role }) => role === 'issuer')!.balance).toBe(-3 * grantMicro)
})

test('the issuer’s relay dies while its payment waits for the others: it is paid once, after all', async () => {
  const swarm = await createMemorySwarm('issuer dies', { witnesses: 4 })
  const [issuing, , ...unreached] = swarm.relays
  for (const { url } of unreached) swarm.hub.cut(issuing!.url, url)
  const newcomer = await swarm.join('new')
  await swarm.clock.advance(20_000)
  expect(await issuing!.store.list('ownEntries')).toHaveLength(1)
  expect((await issuing!.node()!.ledger()).accounts).toEqual([])
  await swarm.stopRelay(0)
  for (const { url } of unreached) swarm.hub.heal(issuing!.url, url)
  await swarm.startRelay(0)
  await swarm.until('granted', () => credits(newcomer).earnedMicro === grantMicro)
  await swarm.clock.advance(1_000)
  const { accounts } = await alike(swarm)
  expect(accounts.find(({ role }) => role === 'issuer')).toMatchObject({ balance: -grantMicro, seq: 0 })
})

test.each([1, 2])(
  'a profile restored from before an entry that %i of four witnesses signed completes it, and forks nothing',
  async (signers) => {
    const swarm = await createMemorySwarm(`restored ${signers}`, { witnesses: 4 })
    const [requester, worker] = await pair(swarm)
    await done(swarm, requester, await submit(requester, 20))
    const restore = requester.backUp()
    for (let away = signers; away < 4; away++) swarm.hub.cut('r', swarm.relays[away]!.url)
    // It settles, only some sign, and the profile of before is put back.
    await swarm.clock.advance(10_000)
    expect(credits(requester).spentMicro).toBe(0)
    const signed = await swarm.relays[0]!.store.get('signed', requester.id)
    expect(signed).toMatchObject([1, expect.anything(), [expect.anything()]])
    await restore()
    for (let away = signers; away < 4; away++) swarm.hub.heal('r', swarm.relays[away]!.url)
    await earned(swarm, worker, 20 * perText)
    await swarm.until('known to itself', () => credits(requester).spentMicro === 20 * perText)
    await swarm.clock.advance(20_000)
    await alike(swarm)
    // Still whole for every witness: any three can take it further.
    for (const { store } of swarm.relays)
      expect(((await store.get('signed', requester.id)) as [number, Uint8Array])[1]).toEqual((signed as [number, Uint8Array])[1])
  },
)

test('one of four lies: everything goes on', async () => {
  const swarm = await createMemorySwarm('one lies', { witnesses: 4, witnessOf: (index) => (index === 3 ? createLyingWitness : undefined) })
  const [requester, worker] = await pair(swarm)
  await done(swarm, requester, await submit(requester, 20))
  await earned(swarm, worker, 20 * perText)
  await swarm.clock.advance(1_000)
  await alike(swarm)
})
