import { beforeAll, describe, expect, it } from 'vitest'
import {
  encodeCertificate,
  mergeCertificates,
  parseCertificate,
  verifyCertificate,
  verifySignatures,
} from '../../../src/ledger/certificate.ts'
import type { ParsedEntry } from '../../../src/ledger/entry.ts'
import { quorumOf } from '../../../src/ledger/rules.ts'
import type { Certificate } from '../../../src/ledger/types.ts'
import { certify, createPerson, createWorld, next, signerOf, verifier, type World } from './fixtures.ts'

let world: World
let entry: ParsedEntry
let full: Certificate
beforeAll(async () => {
  world = await createWorld(4)
  const ana = await createPerson('ana')
  entry = await next(world, ana, undefined, [ana.join])
  full = await certify(world, entry)
})
const first = (n: number): Certificate => ({ ...full, signatures: full.signatures.slice(0, n) })

describe('a certificate', () => {
  it('needs 2f+1 of 3f+1', async () => {
    expect([1, 4, 7, 10].map(quorumOf)).toEqual([1, 3, 5, 7])
    expect(await verifyCertificate(verifier, full, world.rules)).toBe(true)
    expect(await verifyCertificate(verifier, first(3), world.rules)).toBe(true)
    expect(await verifyCertificate(verifier, first(2), world.rules)).toBe(false)
    expect(await verifySignatures(verifier, first(2), world.rules)).toBe(true)
  })

  it('counts no signature twice, none of strangers, none on another entry, number or swarm', async () => {
    const [a, b] = full.signatures
    expect(await verifyCertificate(verifier, { ...full, signatures: [a!, a!, a!] }, world.rules)).toBe(false)
    expect(await verifyCertificate(verifier, { ...full, signatures: [b!, a!, full.signatures[2]!] }, world.rules)).toBe(false)
    expect(await verifyCertificate(verifier, await certify(world, entry, ['x', 'y', 'z'].map(signerOf)), world.rules)).toBe(false)
    expect(await verifyCertificate(verifier, { ...full, seq: 1 }, world.rules)).toBe(false)
    expect(await verifyCertificate(verifier, { ...full, id: full.author }, world.rules)).toBe(false)
    expect(await verifyCertificate(verifier, full, { ...world.rules, swarm: full.id })).toBe(false)
  })

  it('grows by merging, in any order, to the same', async () => {
    const parts = full.signatures.map((s) => ({ ...full, signatures: [s] }))
    const merge = (list: Certificate[]) => list.reduce((a, b) => mergeCertificates(a, b)!)
    expect(merge(parts)).toEqual(full)
    expect(merge([...parts].reverse())).toEqual(full)
    expect(mergeCertificates(full, full)).toEqual(full)
    expect(mergeCertificates(full, { ...full, seq: 1 })).toBeUndefined()
  })

  it('has one byte string', () => {
    expect(parseCertificate(encodeCertificate(full))).toEqual({ ok: true, value: full })
    const unsorted = { ...full, signatures: [...full.signatures].reverse() }
    expect(parseCertificate(encodeCertificate(unsorted)).ok).toBe(false)
  })
})
