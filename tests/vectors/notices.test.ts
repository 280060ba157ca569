import { readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { noNotices, takeNotice } from '../../src/economy/notice-book.ts'
import { openNotice, verifyNotice } from '../../src/economy/notice-codec.ts'
import { toHex } from '../../src/lib/bytes.ts'
import { verifier } from '../unit/ledger/fixtures.ts'
import { bytesOf } from './ledger-world.ts'
import { formatNotices, noticesFile, noticeVectors, type NoticeVectors } from './notices.ts'

const text = readFileSync(noticesFile, 'utf8')
const { swarm, founder, valid, invalid, holds } = JSON.parse(text) as NoticeVectors
const judged = (signed: string) => verifyNotice(verifier, bytesOf(signed), { swarm: bytesOf(swarm), founder: bytesOf(founder) })

describe('notices.json', () => {
  it('is what this program writes', async () => {
    expect(text, 'run npx tsx tests/vectors/notices.ts, if the change is meant').toBe(formatNotices(await noticeVectors()))
    expect([valid.length, invalid.length, holds.length]).toEqual([3, 17, 5])
  })

  test.each(valid)('$what: of this swarm', async ({ signed, version, hashes }) => {
    const verified = await judged(signed)
    expect(verified).toMatchObject({ ok: true, value: { notice: { version } } })
    expect(verified.ok && verified.value.hashes.map(toHex)).toEqual(hashes)
  })

  test.each(invalid)('$what: $reason', async ({ signed, reason }) => {
    expect(await judged(signed)).toMatchObject({ ok: false, error: { reason } })
  })

  test.each(holds)('$what', ({ signed, newest, contradicted }) => {
    const held = signed.map((one) => openNotice(bytesOf(one))).reduce((all, one) => (one.ok ? takeNotice(all, one.value) : all), noNotices)
    expect(toHex(held.newest!.hashes.at(-1)!)).toBe(newest)
    expect(held.against !== undefined).toBe(contradicted)
  })
})
