import { expect, test } from 'vitest'
import { checkEntry, type EntryCheck } from '../../../src/agent/check-entry.ts'
import type { ParsedEntry } from '../../../src/ledger/entry.ts'
import type { Certificate } from '../../../src/ledger/types.ts'
import { certify, createPerson, createWorld, next, pay, type Person, verifier, type World } from '../ledger/fixtures.ts'

const setUp = async () => {
  const [world, ana, ben] = [await createWorld(4), await createPerson('ana'), await createPerson('ben')]
  const first = await next(world, ana, undefined, [ana.join])
  const second = await next(world, ana, first, [pay([ben, 5])])
  return { world, ana, ben, first, second, certificate: await certify(world, second, world.witnesses.slice(0, 3)) }
}
const check = async (
  world: World,
  ana: Person,
  seq: number,
  entries: readonly ParsedEntry[],
  certificate: Certificate | null,
): Promise<EntryCheck> =>
  checkEntry(
    verifier,
    world.rules,
    { seq, author: ana.device.publicKey, identity: ana.root.publicKey },
    certificate && { entries: entries.map(({ bytes }) => bytes), certificate },
  )

test('an entry below a certified one counts, by the signatures of a quorum', async () => {
  const { world, ana, first, second, certificate } = await setUp()
  expect(await check(world, ana, 0, [first, second], certificate)).toMatchObject({
    fault: null,
    certifiedSeq: 1,
    signed: 3,
    witnesses: 4,
    quorum: 3,
  })
  expect(await check(world, ana, 1, [second], certificate)).toMatchObject({ fault: null })
  expect(await check(world, ana, 1, [], null)).toMatchObject({ fault: 'waiting', certifiedSeq: null })
})

test('every fault is told from the others', async () => {
  const { world, ana, ben, first, second, certificate } = await setUp()
  const fault = async (...args: Parameters<typeof check>): Promise<EntryCheck['fault']> => (await check(...args)).fault
  expect(await fault(world, ana, 1, [{ ...second, bytes: second.bytes.slice(1) as typeof second.bytes }], certificate)).toBe('form')
  expect(await fault(world, ana, 1, [], certificate)).toBe('form')
  expect(await fault(world, ana, 0, [second], certificate)).toBe('author')
  expect(await fault(world, ben, 1, [second], certificate)).toBe('author')
  const forged = await next(world, ana, first, [pay([ben, 5])], { signer: ben.device })
  expect(await fault(world, ana, 1, [forged], certificate)).toBe('signature')
  const elsewhere = await next(world, ana, await next(world, ana, undefined, [ana.join], { time: 1 }), [pay([ben, 5])])
  expect(await fault(world, ana, 0, [first, elsewhere], await certify(world, elsewhere))).toBe('chain')
  expect(await fault(world, ana, 1, [second], { ...certificate, signatures: certificate.signatures.slice(1) })).toBe('certificate')
  expect(await fault(world, ana, 0, [first], certificate)).toBe('certificate')
})
