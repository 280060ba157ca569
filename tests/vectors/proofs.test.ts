import { readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { parseBalanceProof, verifyBalanceProof } from '../../src/ledger/balance-proof.ts'
import { fromHex } from '../../src/lib/bytes.ts'
import { formatProofs, proofsFile, proofVectors, type ProofVectors } from './proofs.ts'

const text = readFileSync(proofsFile, 'utf8')
const { valid, invalid } = JSON.parse(text) as ProofVectors
const read = ({ root, author, proof }: { root: string; author: string; proof: string }) => {
  const parsed = parseBalanceProof(fromHex(proof)!)
  return parsed.ok ? verifyBalanceProof(fromHex(root)!, fromHex(author)!, parsed.value) : parsed
}

describe('proofs.json', () => {
  it('is what this program writes', () => {
    expect(text, 'run npx tsx tests/vectors/proofs.ts, if the change is meant').toBe(formatProofs(proofVectors()))
    expect([valid.length, invalid.length]).toEqual([14, 10])
  })

  test.each(valid)('$what: seq $seq, claimed $claimed', (vector) => {
    const found = read(vector)
    expect(found.ok).toBe(true)
    const { seq = null, claimed = null, paid = null } = (found.ok && found.value) || {}
    expect({ seq, claimed, paid }).toEqual({ seq: vector.seq, claimed: vector.claimed, paid: vector.paid })
  })

  test.each(invalid)('$what is refused: $reason', (vector) => {
    const found = read(vector)
    expect(found.ok ? 'taken' : found.error.type === 'malformed' ? 'malformed' : found.error.reason).toBe(vector.reason)
  })
})
