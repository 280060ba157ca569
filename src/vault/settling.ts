/**
 * The own chain as the vault uses it: tabs become `pay` entries, certified payments to us become `claim` entries, certificates
 * and the witness's word on our head are taken in.
 *
 * Also the deposit (deposit.ts): an entry of its own, as the rules have it for one that lowers the stake; what is earned goes in once
 * it is certified.
 *
 * Invariants: nothing is appended before the witness's word was taken in this browser session, nor while an entry waits for its
 * certificate; but where a fine has burned what that entry spends, claims that make it good go on top of it, or it would wait for
 * ever. Payments to us are kept until an entry that claims them is certified: an uncertified claim that a witness's
 * answer drops is made anew.
 *
 * | table         | key        | value                                                       |
 * | ------------- | ---------- | ----------------------------------------------------------- |
 * | incomes       | payer      | newest certified entry that pays us, with its certificate     |
 * | certifiedHead | head       | head record as of the entry before the one that waits         |
 */
import type { Policy } from '../economy/policy.ts'
import type { DeviceCertificate } from '../identity/keys.ts'
import { type ChainHead, type ChainState, headFromRecord, headToRecord, summaryOf } from '../ledger/chain-state.ts'
import { claimLines, parseEntry, type ParsedEntry, payLines } from '../ledger/entry.ts'
import { type AppendError, type CheckedIncome, claimLinesMax, claimOp, type OwnChain, type Taken } from '../ledger/own-chain.ts'
import type { AccountSummary, Certificate, JoinOp, Op } from '../ledger/types.ts'
import { type Bytes, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { parse } from '../lib/schema.ts'
import type { Store, StoreValue, Write } from '../lib/store.ts'
import { byHandWrite, certifiedWrites, checkDeposit, earnedStake, mendedWrites, stakedWrites, wantedWrite } from './deposit.ts'
import { dueLines } from './due-lines.ts'
import { refused, storeFailed } from './errors.ts'
import { incomeSchema } from './income.ts'
import { payableMicro } from './payable.ts'
import { reportWrites } from './reports.ts'
import type { Spending } from './spending.ts'
import type { StampKeeper } from './stamp.ts'
import type { VaultCalls, VaultError } from './vault.ts'

/** The uncertified end of the chain, after whatever was asked. */
export type Pending = Result<{ readonly pending: readonly Bytes[] }, VaultError>
interface StoredIncome {
  readonly entry: Bytes
  readonly certificate: Certificate
}

export interface Settling {
  readonly settle: (answered: Write) => Promise<Pending>
  readonly claim: (incomes: readonly StoredIncome[], answered: Write) => Promise<Pending>
  /** Sets the stake, at once or as soon as no entry waits. */
  readonly deposit: (stakedMicro: number, answered: Write) => Promise<Pending>
  readonly pending: () => Promise<Pending>
  /** Does what waited for its turn (a deposit, then claims, then what of them is deposited): after a death between keeping and doing, or once no entry waits any more. */
  readonly resume: () => Promise<Pending>
  readonly certified: (certificate: Certificate) => Promise<Result<VaultCalls['certified']['answer'], VaultError>>
  readonly adopt: (args: VaultCalls['adopt']['args']) => Promise<Result<Record<string, never>, VaultError>>
  readonly summary: () => Promise<AccountSummary | null>
}

const certifiedAt = { table: 'certifiedHead', key: 'head' } as const

export const joinOpOf = ({ root, signature }: DeviceCertificate, stamp: Bytes): JoinOp => ({
  op: 'join',
  identity: root,
  certificate: signature,
  stamp,
})

export const createSettling = (deps: {
  /** The swarm's own tables, the chain's among them. */
  readonly store: Store
  readonly chain: OwnChain
  readonly spending: Spending
  readonly policy: Policy
  readonly device: DeviceCertificate
  readonly stamps: Pick<StampKeeper, 'kept'>
  readonly headChecked: () => boolean
  /** The user's setting. */
  readonly depositEarnings: () => boolean
  readonly clock: Clock
}): Settling => {
  const { store, chain, spending, policy, device, stamps, headChecked, clock } = deps

  const pending = async (): Promise<Pending> => ok({ pending: (await chain.pending()).map((entry) => entry.bytes) })

  /** `answered` is kept with the entry; where there is nothing to append, asking again is free and it is not kept. */
  const append = (head: ChainHead, ops: readonly Op[], answered: readonly Write[], incomes: readonly CheckedIncome[] = []) =>
    chain.append(ops, [...answered, { ...certifiedAt, value: headToRecord(head) }], [], incomes)

  const certifiedHead = async (): Promise<ChainHead | undefined> => {
    const record = await store.get(certifiedAt.table, certifiedAt.key)
    return record === undefined ? undefined : headFromRecord(record)
  }
  /** What penalties have burned of what the waiting entries pay or stake, in µcr: no witness signs them while they lack it. */
  const burnedMicro = async (waiting: readonly ParsedEntry[], state: ChainState): Promise<number> => {
    const raised = state.head.staked > ((await certifiedHead())?.staked ?? 0)
    if (!raised && waiting.every(({ entry }) => payLines(entry).length === 0)) return 0
    const { deposit, penalties } = await spending.figures(state)
    return Math.max(0, -payableMicro(state.head, { ...deposit, wantedMicro: null }, penalties))
  }

  /** Claims whatever certified payment is kept and not claimed, as much as fits one entry. */
  const claimKept = async (answered: readonly Write[]): Promise<Pending> => {
    const waiting = await chain.pending()
    const state = await chain.state()
    const lackMicro = waiting.length > 0 ? await burnedMicro(waiting, state) : 0
    if (waiting.length > 0 && lackMicro === 0) return pending()
    const { head, claimed } = state
    const checked: CheckedIncome[] = []
    for (const [payer, record] of await store.list('incomes')) {
      const kept = parse(incomeSchema, record)
      const income = kept.ok ? await chain.checkIncome(kept.value) : undefined
      if (income?.ok && income.value.total > (claimed.get(payer)?.total ?? 0)) checked.push(income.value)
    }
    const gained = checked.reduce((sum, { line, total }) => sum + total - (claimed.get(toHex(line[0]))?.total ?? 0), 0)
    if (gained < lackMicro) return pending()
    // A witness certifies a first entry only to whom a certified entry pays that much: before, it would wait forever.
    if (checked.length === 0 || (head.seq < 0 && !checked.some((income) => income.total >= policy.openingMicro))) return pending()
    // So it does where the swarm asks for a stamp: the claim is made when that is.
    const stamp = head.seq < 0 ? await stamps.kept() : null
    if (head.seq < 0 && stamp === null) return pending()
    const join = stamp ? [joinOpOf(device, stamp)] : []
    const inOrder = checked.sort((a, b) => b.total - a.total)
    // Certificates of many witnesses are long: what does not fit waits for the next entry.
    for (let count = Math.min(claimLinesMax, checked.length); count > 0; count >>= 1) {
      const incomes = inOrder.slice(0, count)
      const claim = [...join, claimOp(incomes)]
      const done = await (lackMicro > 0 ? chain.append(claim, answered, [], incomes, true) : append(head, claim, answered, incomes))
      // Where one entry does not hold as many as it takes, another follows.
      if (done.ok) return lackMicro > 0 ? claimKept([]) : pending()
      if (done.error.type !== 'invalid' || done.error.reason !== 'too-large') return appendFailed(done.error)
    }
    return refused('a claim does not fit an entry')
  }

  const appendStake = async (state: ChainState, stakedMicro: number, answered: readonly Write[]): Promise<Pending> => {
    const writes = [...answered, ...(await stakedWrites(store, stakedMicro, clock.now(), policy.unlockMs))]
    const done = await append(state.head, [{ op: 'stake', amount: stakedMicro }], writes)
    return done.ok ? pending() : appendFailed(done.error)
  }
  /** The deposit that waits for its turn; what it cannot be any more, after another chain was adopted, is given up. */
  const depositWanted = async (): Promise<Pending | undefined> => {
    const state = await chain.state()
    const { deposit, tabsMicro, reservedMicro, penalties } = await spending.figures(state)
    const { wantedMicro } = deposit
    if (wantedMicro === null || (await chain.pending()).length > 0) return undefined
    if (checkDeposit(state.head, wantedMicro, tabsMicro + reservedMicro, penalties).ok) return appendStake(state, wantedMicro, [])
    await store.commit([wantedWrite(null)])
    return undefined
  }
  const unlockWrites = async ({ entry }: ParsedEntry): Promise<readonly Write[]> => {
    const stake = entry.ops.findLast((op) => op.op === 'stake')
    const before = await certifiedHead()
    const lowered = stake && before !== undefined && stake.amount < before.staked
    return lowered ? certifiedWrites(store, clock.now() + policy.unlockMs) : []
  }
  /** What goes with the certificate on the entries that waited. */
  const takenWrites = async (taken: Taken): Promise<readonly Write[]> => {
    const claimed = (await Promise.all(taken.waited.map((entry) => claimedIncomes(store, entry)))).flat()
    const unlocks = await Promise.all(taken.waited.map(unlockWrites))
    // Whoever was never paid here says what it likes of others.
    const heard = claimed.filter(({ entry }) => taken.state.paid.has(toHex(entry.author)))
    const reports = await reportWrites(store, [...taken.waited, ...heard], clock.now())
    const removals = claimed.map(({ entry }): Write => ({ table: 'incomes', key: toHex(entry.author), remove: true }))
    return [...removals, ...unlocks.flat(), ...reports]
  }

  /** What is earned and promised to nobody. */
  const depositEarned = async (): Promise<Pending> => {
    const state = await chain.state()
    const { availableMicro } = await spending.figures(state)
    const stake = deps.depositEarnings() ? await earnedStake(store, state, policy, availableMicro) : undefined
    return stake === undefined ? pending() : appendStake(state, stake, [])
  }

  /** What waits for its turn, one entry at a time. */
  const next = async (answered: readonly Write[]): Promise<Pending> => {
    const asked = (await depositWanted()) ?? (await claimKept(answered))
    return asked.ok && asked.value.pending.length === 0 ? depositEarned() : asked
  }
  const resume = async (): Promise<Pending> => (headChecked() ? next([]) : pending())

  return {
    pending,
    resume,

    settle: async (answered) => {
      if (!headChecked()) return err({ type: 'head-unchecked' })
      const state = await chain.state()
      if (state.head.seq < 0 || (await chain.pending()).length > 0) return pending()
      const availableMicro = Math.max(0, (await spending.figures(state)).payableMicro)
      const { lines, needMicro } = dueLines(state, await spending.tabs(state), availableMicro)
      if (lines.length === 0) return needMicro > 0 ? err({ type: 'insufficient-credits', needMicro, availableMicro }) : pending()
      const done = await append(state.head, [{ op: 'pay', lines }], [answered])
      return done.ok ? pending() : appendFailed(done.error)
    },

    claim: async (incomes, answered) => {
      if (!headChecked()) return err({ type: 'head-unchecked' })
      const { claimed } = await chain.state()
      const keep = new Map<string, { readonly seq: number; readonly write: Write }>()
      let news = incomes.length === 0
      let fault = 'claimed before'
      for (const given of incomes) {
        const payer = toHex(given.certificate.author)
        const income = await chain.checkIncome(given)
        if (!income.ok && income.error.reason !== 'old') fault = `no income: ${income.error.reason}`
        if (!income.ok || income.value.total <= (claimed.get(payer)?.total ?? 0)) continue
        news = true
        const kept = parse(incomeSchema, await store.get('incomes', payer))
        const newest = Math.max(keep.get(payer)?.seq ?? -1, kept.ok ? kept.value.certificate.seq : -1)
        if (income.value.seq <= newest) continue
        keep.set(payer, { seq: income.value.seq, write: { table: 'incomes', key: payer, value: given as unknown as StoreValue } })
      }
      if (!news) return refused(fault)
      if (keep.size > 0) {
        const stored = await store.commit([...[...keep.values()].map(({ write }) => write), answered])
        if (!stored.ok) return storeFailed(stored.error)
      }
      return next([answered])
    },

    deposit: async (stakedMicro, answered) => {
      if (!headChecked()) return err({ type: 'head-unchecked' })
      const state = await chain.state()
      if (state.head.seq < 0) return err({ type: 'deposit', reason: 'no-account' })
      const { tabsMicro, reservedMicro, penalties } = await spending.figures(state)
      const good = checkDeposit(state.head, stakedMicro, tabsMicro + reservedMicro, penalties)
      if (!good.ok) return good
      const same = stakedMicro === state.head.staked
      const byHand = byHandWrite(state, policy, stakedMicro)
      if (!same && (await chain.pending()).length === 0) return appendStake(state, stakedMicro, [byHand, answered])
      const stored = await store.commit([wantedWrite(same ? null : stakedMicro), byHand, answered])
      return stored.ok ? pending() : storeFailed(stored.error)
    },

    certified: async (certificate) => {
      const waited = (await chain.pending()).filter(({ entry }) => entry.seq <= certificate.seq)
      const certified = waited.at(-1)
      const writes = certified ? await takenWrites({ waited, certified, state: await chain.state() }) : []
      const done = await chain.certified(certificate, writes)
      if (!done.ok) return done.error.type === 'certificate' ? refused(`certificate: ${done.error.reason}`) : storeFailed(done.error)
      // What came while the entry waited can be claimed now; should that fail, the next claim takes it along.
      await resume()
      return ok({ entry: done.value.bytes, payees: payLines(done.value.entry).map(([payee]) => payee) })
    },

    adopt: async ({ entries, certificate }) => {
      const done = await chain.adopt(entries, certificate, takenWrites)
      if (done.ok) {
        const mended = await mendedWrites(store, await chain.head(), policy.unlockMs, () => chain.entriesFrom(0))
        const stored = mended.length > 0 ? await store.commit(mended) : ok(undefined)
        return stored.ok ? ok({}) : storeFailed(stored.error)
      }
      const { error } = done
      if (error.type === 'storage' || error.type === 'conflict') return storeFailed(error)
      return refused(`adopt: ${error.type}${'seq' in error ? ` at ${error.seq}` : 'reason' in error ? ` (${error.reason})` : ''}`)
    },

    summary: async () => {
      const waiting = (await chain.pending()).length > 0
      const head = (waiting ? await certifiedHead() : undefined) ?? (await chain.head())
      return head.seq < 0 ? null : summaryOf(head)
    },
  }
}

/** Kept payments that this entry has claimed: once it is certified they are not needed again. */
const claimedIncomes = async (store: Store, { entry }: ParsedEntry): Promise<readonly ParsedEntry[]> => {
  const claimed: ParsedEntry[] = []
  for (const [payer, , { seq }] of claimLines(entry)) {
    const kept = parse(incomeSchema, await store.get('incomes', toHex(payer)))
    const parsed = kept.ok && kept.value.certificate.seq <= seq ? parseEntry(kept.value.entry) : undefined
    if (parsed?.ok) claimed.push(parsed.value)
  }
  return claimed
}

const appendFailed = (error: AppendError): Result<never, VaultError> => {
  if (error.type === 'storage' || error.type === 'conflict') return storeFailed(error)
  return refused(error.type === 'pending' ? 'an entry still waits for its certificate' : `append: ${error.reason}`)
}
