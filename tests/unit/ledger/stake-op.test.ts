/** What a node lets itself stake is what a witness signs, under whatever verdicts: neither refuses what the other would take. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allowanceOf } from '../../../src/ledger/apply.ts'
import { balanceOf, type ChainHead, emptyChain } from '../../../src/ledger/chain-state.ts'
import { stakeOp } from '../../../src/ledger/credit-ledger-write.ts'
import type { ParsedEntry } from '../../../src/ledger/entry.ts'
import type { Replica } from '../../../src/ledger/replica.ts'
import { createAdmission } from '../../../src/ledger/witness-admission.ts'
import { noUnlocking, stakeSeen } from '../../../src/ledger/witness-unlocking.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createPerson, createWorld, startMs, type World } from './fixtures.ts'

/** Whether the entry is valid and a witness that knows of this fine signs it; `unlocking` was taken out of the stake just before. */
const signs = async (world: World, head: ChainHead, amount: number, slashedMicro: bigint, unlocking: number): Promise<boolean> => {
  const clock = createManualClock(startMs)
  const known = { records: {}, verdicts: { slashedMicro: async () => slashedMicro } } as unknown as Pick<Replica, 'records' | 'verdicts'>
  const entry = { entry: { seq: 5, time: startMs, ops: [{ op: 'stake', amount }] }, bytes: new Uint8Array(9) } as unknown as ParsedEntry
  const after = { ...head, staked: amount }
  if (balanceOf(after) < -allowanceOf(world.rules, after)) return false
  const seen = stakeSeen(stakeSeen(noUnlocking, head.staked + unlocking, startMs), head.staked, startMs)
  const part = { entries: [entry], before: head, heads: [after], unlocking: seen }
  return (await createAdmission(world.rules, known, clock, () => true).admit(head.author, part)).count === 1
}

test.each(['a member', 'the issuer'])('%s', async (who) => {
  const world = await createWorld()
  const { device } = who === 'the issuer' ? world.issuer : await createPerson('ana')
  const empty = emptyChain(device.publicKey)
  const micro = fc.bigInt({ min: 0n, max: 200n })
  await fc.assert(
    fc.asyncProperty(micro, micro, micro, micro, micro, async (owned, share, out, slashedMicro, change) => {
      const staked = Number(owned === 0n ? 0n : share % (owned + 1n))
      const unlocking = Number(out % (owned - BigInt(staked) + 1n))
      const head: ChainHead = { ...empty.head, seq: 4, claimed: owned, staked }
      const made = stakeOp({ ...empty, head }, Number(change) + 1, slashedMicro, allowanceOf(world.rules, head))
      expect(made.ok).toBe(await signs(world, head, staked + Number(change) + 1, slashedMicro, unlocking))
    }),
    { numRuns: 1_000 },
  )
})

test('what a fine has burned may be staked while the account holds as much, and not more', () => {
  const empty = emptyChain(new Uint8Array(32))
  const staking = (change: number, slashedMicro: bigint): boolean =>
    stakeOp({ ...empty, head: { ...empty.head, claimed: 150n, staked: 20 } }, change, slashedMicro, 0n).ok
  expect([staking(130, 100n), staking(131, 100n), staking(1, 150n), staking(1, 151n)]).toEqual([true, false, true, false])
})
