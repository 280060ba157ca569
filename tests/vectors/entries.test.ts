import { readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { parseEntry, signEntry } from '../../src/ledger/entry.ts'
import { toHex } from '../../src/lib/bytes.ts'
import { createJudge, entriesFile, type EntryVectors, entryVectors, formatEntries, headToVector, type Judged } from './entries.ts'
import { bytesOf, rulesFromVector } from './ledger-world.ts'

const text = readFileSync(entriesFile, 'utf8')
const vectors = JSON.parse(text) as EntryVectors
const reasonOf = (judged: Judged) => (judged.ok ? 'valid' : judged.error.type === 'missing' ? 'missing' : judged.error.reason)

/** A replica's judgement after all of `valid`, in their order. */
const afterValid = async () => {
  const { judge } = createJudge(rulesFromVector(vectors.rules))
  const judged: Judged[] = []
  for (const { entry } of vectors.valid) judged.push(await judge(bytesOf(entry), true))
  return { judge, judged }
}

describe('entries.json', () => {
  it('is what this program writes', async () => {
    expect(text, 'run npx tsx tests/vectors/entries.ts, if the change is meant').toBe(formatEntries(await entryVectors()))
    const { valid, invalid, missing, malformed } = vectors
    expect([valid.length, invalid.length, missing.length, malformed.length]).toEqual([19, 34, 2, 40])
  })

  it('every valid one is, after those before it, and leaves the account as it says', async () => {
    const { judged } = await afterValid()
    for (const [i, { what, id, signedBy, after }] of vectors.valid.entries()) {
      const here = judged[i]!
      expect(here.ok && { id: toHex(here.value.id), signedBy: here.value.signedBy, after: headToVector(here.value.head) }, what).toEqual({
        id,
        signedBy,
        after,
      })
    }
  })

  it('every invalid one is refused for its reason, and one that lacks another waits for that one', async () => {
    const { judge } = await afterValid()
    for (const { what, entry, reason } of vectors.invalid) expect(reasonOf(await judge(bytesOf(entry), false)), what).toBe(reason)
    for (const { what, entry, needs } of vectors.missing) {
      const judged = await judge(bytesOf(entry), false)
      expect(!judged.ok && judged.error.type === 'missing' && toHex(judged.error.id), what).toBe(needs)
    }
  })

  test.each(vectors.malformed)('$what is refused: $fault', ({ entry, reason, fault }) => {
    expect(parseEntry(bytesOf(entry))).toEqual({ ok: false, error: { type: 'entry', reason, what: fault } })
  })

  it('names every operation, and signing is deterministic', async () => {
    const parsed = vectors.valid.map(({ entry }) => {
      const one = parseEntry(bytesOf(entry))
      if (!one.ok) throw new Error(one.error.what)
      return one.value
    })
    const ops = new Set(parsed.flatMap(({ entry }) => entry.ops.map(({ op }) => op)))
    expect([...ops].sort()).toEqual(['attest', 'claim', 'delegate', 'join', 'pay', 'revoke', 'settle', 'stake'])
    const { entry } = parsed[0]!
    const again = await signEntry({ publicKey: entry.author, sign: async () => entry.sig }, entry)
    expect(toHex(again.bytes)).toBe(vectors.valid[0]!.entry)
  })
})
