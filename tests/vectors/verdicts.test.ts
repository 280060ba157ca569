import { readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { parseVerdict, slashRules, verdictKey, verifyVerdict } from '../../src/ledger/verdict.ts'
import { checkDoubleSpend, checkFraud, parseDoubleSpend, parseFraud } from '../../src/ledger/verdict-proof.ts'
import { toHex } from '../../src/lib/bytes.ts'
import { createWorld, verifier } from '../unit/ledger/fixtures.ts'
import { bytesOf } from './ledger-world.ts'
import { formatVerdicts, verdictsFile, verdictVectors, type VerdictVectors } from './verdicts.ts'

const text = readFileSync(verdictsFile, 'utf8')
const vectors = JSON.parse(text) as VerdictVectors
const rules = {
  ...(await createWorld(1)).rules,
  swarm: bytesOf(vectors.rules.swarm),
  witnesses: vectors.rules.witnesses.map(bytesOf),
}
const faultOf = (error: { readonly type: string; readonly reason?: string }): string =>
  error.type === 'malformed' ? 'malformed' : (error.reason ?? error.type)

/** What each kind of bytes shows, or why it shows nothing. */
const read = {
  verdict: async (hex: string): Promise<string> => {
    const parsed = parseVerdict(bytesOf(hex))
    if (!parsed.ok) return faultOf(parsed.error)
    const good = await verifyVerdict(verifier, parsed.value, rules)
    return good.ok ? verdictKey(parsed.value) : faultOf(good.error)
  },
  doubleSpend: async (hex: string): Promise<string> => {
    const parsed = parseDoubleSpend(bytesOf(hex))
    if (!parsed.ok) return faultOf(parsed.error)
    const good = await checkDoubleSpend(verifier, rules, parsed.value)
    return good.ok ? verdictKey(good.value.finding) : faultOf(good.error)
  },
  fraud: async (hex: string): Promise<string> => {
    const parsed = parseFraud(bytesOf(hex))
    if (!parsed.ok) return faultOf(parsed.error)
    const good = await checkFraud(verifier, rules, parsed.value)
    return good.ok ? toHex(parsed.value.witness) : faultOf(good.error)
  },
}

describe('verdicts.json', () => {
  it('is what this program writes, and names every reason with its cost', async () => {
    expect(text, 'run npx tsx tests/vectors/verdicts.ts, if the change is meant').toBe(formatVerdicts(await verdictVectors()))
    const { valid, invalid, doubleSpends, frauds, costs } = vectors
    const counts = [valid, invalid, doubleSpends.valid, doubleSpends.invalid, frauds.valid, frauds.invalid].map((list) => list.length)
    expect(counts).toEqual([5, 14, 4, 11, 2, 7])
    for (const { reason, ...rule } of costs) expect(slashRules[reason]).toMatchObject(rule)
    expect(costs.map(({ reason }) => reason).sort()).toEqual(Object.keys(slashRules).sort())
  })

  test.each(vectors.valid)('verdict: $what', async ({ bytes, key }) => expect(await read.verdict(bytes)).toBe(key))
  test.each(vectors.invalid)('verdict: $what is refused: $reason', async ({ bytes, reason }) =>
    expect(await read.verdict(bytes)).toBe(reason),
  )
  test.each(vectors.doubleSpends.valid)('double spend: $what', async ({ bytes, key }) => expect(await read.doubleSpend(bytes)).toBe(key))
  test.each(vectors.doubleSpends.invalid)('double spend: $what is refused: $reason', async ({ bytes, reason }) =>
    expect(await read.doubleSpend(bytes)).toBe(reason),
  )
  test.each(vectors.frauds.valid)('fraud of $witness', async ({ bytes, witness }) => expect(await read.fraud(bytes)).toBe(witness))
  test.each(vectors.frauds.invalid)('fraud: $what is refused: $reason', async ({ bytes, reason }) =>
    expect(await read.fraud(bytes)).toBe(reason),
  )
})
