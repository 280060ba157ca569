/** Signatures of several witnesses on what pays one, and who can be in the way. */
import { beforeAll, expect, test } from 'vitest'
import { createIncomeCheck } from '../../../src/agent/settlement-incomes.ts'
import { createSignatures } from '../../../src/agent/settlement-signatures.ts'
import { signCertificate } from '../../../src/ledger/certificate.ts'
import type { ParsedEntry } from '../../../src/ledger/entry.ts'
import type { Certificate } from '../../../src/ledger/types.ts'
import { attest, certify, createPerson, createWorld, next, pay, type Person, verifier, type World } from '../ledger/fixtures.ts'

let world: World
let ana: Person
let ben: Person
let paying: ParsedEntry
const by = (entry: ParsedEntry, ...witnesses: readonly number[]): Promise<Certificate> =>
  certify(
    world,
    entry,
    witnesses.map((i) => world.witnesses[i]!),
  )
beforeAll(async () => {
  world = await createWorld(4)
  ana = await createPerson('ana')
  ben = await createPerson('ben')
  paying = await next(world, ana, undefined, [ana.join, pay([ben, 7])])
})

test('three of four make it full, one after another, and a forged whole takes none of them away', async () => {
  const check = createIncomeCheck(verifier, world.rules, ben.device.publicKey)
  expect(await check(paying.bytes, await by(paying, 0))).toBe('partial')
  expect(await check(paying.bytes, await by(paying, 1))).toBe('partial')
  const full = await by(paying, 0, 1, 2)
  const forged: Certificate = { ...full, signatures: full.signatures.map(([key]) => [key, new Uint8Array(64)] as never) }
  expect(await check(paying.bytes, forged)).toBeUndefined()
  expect(await check(paying.bytes, await by(paying, 3))).toMatchObject({ total: 7, certificate: { seq: 0, id: paying.id } })
})

test('what pays somebody else, or has another certificate, is none', async () => {
  const check = createIncomeCheck(verifier, world.rules, ana.device.publicKey)
  expect(await check(paying.bytes, await by(paying, 0, 1, 2))).toBeUndefined()
  const other = await next(world, ana, undefined, [ana.join, attest(ben, 'other')])
  const bens = createIncomeCheck(verifier, world.rules, ben.device.publicKey)
  expect(await bens(paying.bytes, await by(other, 0, 1, 2))).toBeUndefined()
  expect(await bens(new Uint8Array(9), await by(paying, 0, 1, 2))).toBeUndefined()
})

test('a witness that signs whatever it likes displaces its own signatures alone', async () => {
  const signatures = createSignatures(verifier, world.rules, 3)
  await signatures.add(await by(paying, 0))
  await signatures.add(await by(paying, 3))
  for (let i = 0; i < 10; i++)
    await signatures.add(
      await signCertificate(world.witnesses[3]!, world.rules.swarm, {
        author: ana.device.publicKey,
        seq: i,
        id: new Uint8Array(32).fill(i),
      }),
    )
  const after = await signatures.add(await by(paying, 1))
  expect(after?.signatures).toHaveLength(2)
  expect(signatures.full((await signatures.add(await by(paying, 3)))!)).toBe(true)
  signatures.forget(after!)
  expect((await signatures.add(await by(paying, 2)))?.signatures).toHaveLength(1)
})
