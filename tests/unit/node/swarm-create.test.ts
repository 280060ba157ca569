import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseLink } from '../../../src/economy/link-codec.ts'
import type { Succession } from '../../../src/agent/succession.ts'
import { parseSignedPolicy, rulesOf } from '../../../src/economy/policy-codec.ts'
import { provenIn } from '../../../src/economy/succession.ts'
import { ownedMicro } from '../../../src/ledger/account-proof.ts'
import { encodeCheckpoint } from '../../../src/ledger/checkpoint.ts'
import { checkpointStateWrite } from '../../../src/ledger/checkpoint-state.ts'
import { checkpointSource, createCheckpointWitness } from '../../../src/ledger/checkpoint-witness.ts'
import type { ParsedEntry } from '../../../src/ledger/entry.ts'
import { createReplica } from '../../../src/ledger/replica.ts'
import type { JoinOp } from '../../../src/ledger/types.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { numberKey, type Write } from '../../../src/lib/store.ts'
import { openDataFolder, policyFile, witnessFolder } from '../../../src/node/data-folder.ts'
import { parseCommand } from '../../../src/node/options.ts'
import { describeSuccession, readPredecessor } from '../../../src/node/predecessor.ts'
import { readSetup } from '../../../src/node/setup.ts'
import { createSwarm } from '../../../src/node/swarm-create.ts'
import { certify, claim, createPerson, next, pay, verifier } from '../ledger/fixtures.ts'

let data: string
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'edge-net-'))
})
afterEach(() => rm(data, { recursive: true }))

const made = async (...args: string[]) => make('swarm', args)
const make = async (folder: string, args: readonly string[], succession?: Succession) => {
  const command = parseCommand(['swarm', 'create', '--witnesses', '1', '--data', join(data, folder), ...args], {})
  if (!command.ok || command.value.type !== 'swarm-create') throw new Error(JSON.stringify(command))
  const text = await createSwarm({ random: createSeededRandom(1), clock: createManualClock() }, command.value.options, [], succession)
  const link = text.ok && parseLink(text.value)
  const signed = parseSignedPolicy(await readFile(join(data, folder, policyFile)))
  if (!link || !link.ok || !signed.ok) throw new Error('no swarm')
  return { link: link.value, policy: signed.value.policy }
}

test('a private swarm is joined by its secret and an invite', async () => {
  const { link, policy } = await made('--grant', '7')
  expect(policy).toMatchObject({ kind: 'private', grantMicro: 7_000_000, issuance: { budgetMicro: 0 } })
  expect(link.secret).toHaveLength(32)
  expect(link.invite).toHaveLength(16)
})

test('a public one by its name alone, and issues within the budget that was said', async () => {
  const { link, policy } = await made('--kind', 'public', '--budget', '50')
  expect(policy).toMatchObject({ kind: 'public', grantsMicro: 0, issuance: { budgetMicro: 50_000_000, decayCpuSeconds: 3_600_000_000 } })
  expect([link.secret, link.invite]).toEqual([null, null])
})

/** As after a day's work in the first relay's folder: ana was paid so much and has claimed it, and did more after the checkpoint. */
const dayInLife = async (folder: string, micro: number) => {
  const opened = await openDataFolder(witnessFolder(folder, 1))
  if (!opened.ok) throw new Error(opened.error)
  const store = opened.value
  const setup = await readSetup(store)
  if (!setup.ok || !setup.value?.issuer) throw new Error('no setup')
  const { signedPolicy, witness, issuer } = setup.value
  const rules = rulesOf(signedPolicy.policy)
  const { root, signature } = issuer.certificate
  const join: JoinOp = { op: 'join', identity: root, certificate: signature, stamp: new Uint8Array(0) }
  const world = { rules, witnesses: [witness], issuer: { name: 'issuer', device: issuer.signer, root: issuer.signer, join } }
  const ana = await createPerson('ana')
  const replica = createReplica({ store, verifier, rules })
  const keep = async (entry: ParsedEntry) => {
    const certificate = await certify(world, entry)
    expect(await replica.ingest([entry.bytes], certificate, 'peer')).toMatchObject({ ok: true, value: { refused: [] } })
    return certificate
  }
  const paid = await keep(await next(world, world.issuer, undefined, [join, pay([ana, micro])]))
  const first = await next(world, ana, undefined, [ana.join, claim(paid)])
  await keep(first)
  const source = checkpointSource(replica, { store, records: replica.records, rules, verifier })
  const swarm = rules.swarm
  const proposal = await createCheckpointWitness({ store, source, signer: witness, swarm, clock: createManualClock() }).propose()
  if (!proposal.ok) throw new Error(proposal.error.reason)
  await store.commit([checkpointStateWrite(proposal.value)])
  await keep(await next(world, ana, first, [{ op: 'stake', amount: 1 }]))
  await store.close()
  return { ana, root: proposal.value.root, swarm, proposal: proposal.value }
}

test('a successor names the last checkpoint of a relay of before, brings its state along and can pay what it owes', async () => {
  await made()
  expect(await readPredecessor(join(data, 'swarm'))).toMatchObject({ ok: false, error: expect.stringMatching(/no checkpoint/) })
  expect(await readPredecessor(data)).toMatchObject({ ok: false, error: expect.stringMatching(/no folder/) })
  const { ana, root, swarm } = await dayInLife(join(data, 'swarm'), 1_234_567)
  const found = await readPredecessor(join(data, 'swarm'))
  if (!found.ok) throw new Error(found.error)
  expect(describeSuccession(found.value).join()).toMatch(
    /2023-11-14: 2 accounts with 1\.234567 credits.*after that: something of 1 of the accounts/,
  )
  const { policy } = await make('after', ['--grants', '5'], found.value)
  expect(policy).toMatchObject({ predecessor: { swarm, root, day: 19_675 }, grantsMicro: 6_234_567 })
  const opened = await openDataFolder(witnessFolder(join(data, 'after'), 1))
  if (!opened.ok) throw new Error(opened.error)
  const kept = await opened.value.get('predecessor', toHex(ana.device.publicKey))
  // By it, whoever has lost that device finds the account.
  const own = await opened.value.list('predecessor-own', { prefix: toHex(ana.root.publicKey) })
  await opened.value.close()
  const proven = provenIn(policy.predecessor!, ana.device.publicKey, kept as Uint8Array)
  expect(proven.ok && ownedMicro(proven.value)).toBe(1_234_567n)
  expect(own.map(([key]) => key)).toEqual([`${toHex(ana.root.publicKey)}/${toHex(ana.device.publicKey)}`])
})

test('of the folders of a swarm the newest state is taken, and none where a newer checkpoint is known', async () => {
  await made()
  const swarm = join(data, 'swarm')
  const { proposal } = await dayInLife(swarm, 1_234_567)
  await cp(witnessFolder(swarm, 1), witnessFolder(swarm, 2), { recursive: true })
  const change = async (place: number, write: Write): Promise<void> => {
    const opened = await openDataFolder(witnessFolder(swarm, place))
    if (!opened.ok) throw new Error(opened.error)
    await opened.value.commit([write])
    await opened.value.close()
  }
  const { root, day } = proposal
  await change(2, checkpointStateWrite({ ...proposal, day: day + 1 }))
  expect(await readPredecessor(swarm)).toMatchObject({ ok: true, value: { predecessor: { day: day + 1 } } })

  const known = (later: number): Write => ({
    table: 'checkpointed',
    key: numberKey(day + later),
    value: encodeCheckpoint({ day: day + later, root, signatures: [] }),
  })
  await change(1, known(1))
  expect(await readPredecessor(swarm)).toMatchObject({ ok: true, value: { predecessor: { day: day + 1 } } })
  expect(await readPredecessor(witnessFolder(swarm, 1))).toMatchObject({
    ok: false,
    error: expect.stringMatching(/2023-11-15.*2023-11-14/),
  })
  await change(1, known(2))
  expect(await readPredecessor(swarm)).toMatchObject({ ok: false, error: expect.stringMatching(/2023-11-16.*2023-11-15/) })
})
