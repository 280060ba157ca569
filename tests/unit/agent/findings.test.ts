/** What a node believes of a relay's word: what proves itself, and nothing else, also after a restart. */
import { expect, test } from 'vitest'
import { createFindings } from '../../../src/agent/findings.ts'
import { encodeBrokenProof } from '../../../src/ledger/broken-proof.ts'
import { encodeVerdict, mergeVerdicts, offenceOf, type SlashReason, signVerdict, type Verdict } from '../../../src/ledger/verdict.ts'
import { type Bytes, sha256 } from '../../../src/lib/bytes.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import { certify, createPerson, createWorld, next, type Person, verifier, type World } from '../ledger/fixtures.ts'

const setup = async () => {
  const world = await createWorld(4)
  const [ana, ben] = (await Promise.all(['ana', 'ben'].map(createPerson))) as [Person, Person]
  const store = createMemoryStore()
  const blamed: string[] = []
  /** What the vault was told, and whether it can keep it. */
  const vault = { told: [] as Bytes[], here: true }
  const open = () =>
    createFindings(
      { store, verifier },
      { swarm: world.rules.swarm, self: ana.device.publicKey, network: { blame: (_id, why) => blamed.push(why) } },
      () => {},
      async (bytes) => vault.here && vault.told.push(bytes) > 0,
    )
  return { world, ana, ben, blamed, open, vault }
}
const verdictOn = async (world: World, { device }: Person, reason: SlashReason, signers = 3): Promise<Bytes> => {
  const target = device.publicKey
  const keys: Partial<Record<SlashReason, Bytes>> = {
    DoubleSpend: offenceOf.doubleSpend(target, 1),
    InvalidResult: offenceOf.invalidResult(sha256(target)),
  }
  const offence = keys[reason] ?? offenceOf.judgement(target)
  const signed = await Promise.all(
    world.witnesses.slice(0, signers).map((one) => signVerdict(one, world.rules.swarm, { target, reason, offence })),
  )
  return encodeVerdict(signed.reduce<Verdict>((all, one) => mergeVerdicts(all, one)!, signed[0]!))
}
const brokenProof = async (world: World, who: Person, signers = 3): Promise<Bytes> => {
  const two = await Promise.all([1, 2].map((amount) => next(world, who, undefined, [who.join, { op: 'stake', amount }])))
  const [lower, upper] = await Promise.all(two.map((entry) => certify(world, entry, world.witnesses.slice(0, signers))))
  return encodeBrokenProof({ lower: lower!, upper: upper!, chain: [] })
}

test('full verdicts against this account count, the worst is shown, others’ and half-signed ones do not', async () => {
  const { world, ana, ben, blamed, open } = await setup()
  const findings = open()
  await findings.open(world.rules)
  await findings.hear('relay', 'verdict', await verdictOn(world, ben, 'Malicious'))
  expect([findings.trouble(), blamed]).toEqual([null, []])
  await findings.hear('relay', 'verdict', await verdictOn(world, ana, 'Malicious', 2))
  expect([findings.trouble(), blamed]).toEqual([null, ['verdict']])
  await findings.hear('relay', 'verdict', await verdictOn(world, ana, 'InvalidResult'))
  expect(findings.trouble()).toBe('wrong-result')
  await findings.hear('relay', 'verdict', await verdictOn(world, ana, 'DoubleSpend'))
  expect(findings.trouble()).toBe('fined')
  await findings.hear('relay', 'verdict', await verdictOn(world, ana, 'Malicious'))
  expect(findings.trouble()).toBe('closed')
})

test('a broken swarm is believed by its proof: a forged one moves nobody and costs who brings it', async () => {
  const { world, ben, blamed, open } = await setup()
  const findings = open()
  // Before the policy is here nothing can be judged; what came early is judged then.
  await findings.hear('relay', 'broken', await brokenProof(world, ben, 2))
  await findings.hear('relay', 'broken', new Uint8Array(100))
  expect([findings.trouble(), blamed]).toEqual([null, []])
  await findings.open(world.rules)
  expect([findings.trouble(), blamed.length]).toEqual([null, 2])
  await findings.hear('relay', 'broken', await brokenProof(world, ben))
  expect([findings.trouble(), blamed.length]).toEqual(['swarm-broken', 2])
  const restarted = open()
  await restarted.open(world.rules)
  expect(restarted.trouble()).toBe('swarm-broken')
})

test('whoever says much before anything can be judged pushes nobody else’s word out', async () => {
  const { world, ben, open } = await setup()
  const findings = open()
  await findings.hear('relay', 'broken', await brokenProof(world, ben))
  for (let i = 0; i < 300; i++) await findings.hear('chatterer', 'broken', new Uint8Array(100))
  await findings.open(world.rules)
  expect(findings.trouble()).toBe('swarm-broken')
})

test('the vault is told of each verdict against this account, once, and again where it could not keep it', async () => {
  const { world, ana, ben, open, vault } = await setup()
  const [spend, closing] = [await verdictOn(world, ana, 'DoubleSpend'), await verdictOn(world, ana, 'Malicious')]
  vault.here = false
  const findings = open()
  await findings.hear('relay', 'verdict', spend)
  await findings.open(world.rules)
  await findings.hear('relay', 'verdict', await verdictOn(world, ben, 'DoubleSpend'))
  expect([findings.trouble(), vault.told]).toEqual(['fined', []])
  vault.here = true
  for (const bytes of [spend, spend, closing]) await findings.hear('relay', 'verdict', bytes)
  expect(vault.told).toEqual([spend, closing])
  await open().open(world.rules)
  expect(vault.told.slice(2)).toEqual([spend, closing])
})
