import { readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { parseSignedPolicy, swarmIdOf, verifyPolicy } from '../../src/economy/policy-codec.ts'
import { toHex } from '../../src/lib/bytes.ts'
import { verifier } from '../unit/ledger/fixtures.ts'
import { bytesOf } from './ledger-world.ts'
import { formatPolicies, policiesFile, policyVectors, type PolicyVectors } from './policies.ts'

const text = readFileSync(policiesFile, 'utf8')
const { valid, invalid } = JSON.parse(text) as PolicyVectors
const judged = ({ signed, swarm, founder }: PolicyVectors['valid'][number]) =>
  verifyPolicy(verifier, bytesOf(signed), { swarm: bytesOf(swarm), founder: bytesOf(founder) })

describe('policies.json', () => {
  it('is what this program writes', async () => {
    expect(text, 'run npx tsx tests/vectors/policies.ts, if the change is meant').toBe(formatPolicies(await policyVectors()))
    expect([valid.length, invalid.length]).toEqual([4, 20])
  })

  test.each(valid)('$what: the swarm’s own', async (vector) => {
    expect((await judged(vector)).ok).toBe(true)
    const parsed = parseSignedPolicy(bytesOf(vector.signed))
    expect(parsed.ok && toHex(swarmIdOf(parsed.value.policy))).toBe(vector.swarm)
  })

  test.each(invalid)('$what: $reason', async (vector) => {
    expect(await judged(vector)).toMatchObject({ ok: false, error: { reason: vector.reason } })
  })
})
