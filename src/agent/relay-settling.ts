/**
 * The issuer's hour (spec: economy.md, *Issuance*): an epoch after its end it appends a `settle` that names each sponsor's newest
 * certified entry, then the payments that the split gives, entry by entry as the witnesses certify them.
 *
 * Nothing is remembered beside the chain. What a settle gives follows from it, and so does what of that is paid: wherever the
 * process dies, the next start goes on from there, and nothing is paid twice or left out. What comes late, or finds no room in
 * an entry, is in the next epoch, because a settle names all that rose since the one before.
 */
import { referredByClaim, referrerClaim } from '../economy/epoch-book.ts'
import type { Issuer } from '../economy/issuer.ts'
import { epochAt, settleableEpoch } from '../economy/settlement.ts'
import type { NodeId, PublicKey } from '../identity/keys.ts'
import { isFounder, sponsorClaim } from '../ledger/apply.ts'
import type { ChainState } from '../ledger/chain-state.ts'
import { dependenciesMax, joinOf } from '../ledger/entry.ts'
import { payLinesMax } from '../ledger/own-chain.ts'
import type { Replica } from '../ledger/replica.ts'
import { epochMsDefault, type LedgerRules, quorumOf } from '../ledger/rules.ts'
import type { AttestOp, Op, PayLine, PayOp, SponsorLine } from '../ledger/types.ts'
import { timeAheadMsMax } from '../ledger/witness-admission.ts'
import { compareBytes, fromHex, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Epochs } from './relay-epochs.ts'

/** Of an entry's 32 KiB: room for the rest of it. */
const sponsorLinesBytesMax = 24 * 1024
/** Key, entry, certificate without signatures; and a signature with its witness. */
const [lineBytes, signatureBytes] = [160, 100]
/** New referees that one settle names. */
const refereesMax = 32
/** After a try that failed: witnesses away, a store that is full. */
const retryMs = 30_000
/** Confidence of what the issuer attests, and an expiry that its readers do not need. */
const attested = { confidence: 100, expiry: 0 } as const

export interface Settling {
  /** What the last settle still owes, as the operations of the next entry. */
  readonly due: () => Promise<readonly Op[]>
  /** Settles now what may be settled; false: not yet, to be tried again. */
  readonly settle: (issuer: Pick<Issuer, 'append'>) => Promise<boolean>
  /** Settles whenever an epoch may be, from now on. */
  readonly start: (issuer: Pick<Issuer, 'append'>) => void
  readonly close: () => void
}

export const createSettling = ({
  clock,
  replica,
  rules,
  epochs,
  linesMax = payLinesMax,
}: {
  readonly clock: Clock
  readonly replica: Pick<Replica, 'records' | 'certificateOf'>
  readonly rules: LedgerRules
  readonly epochs: Epochs
  /** Payments in one entry. */
  readonly linesMax?: number
}): Settling => {
  const { records, certificateOf } = replica
  const epochMs = rules.epochMs ?? epochMsDefault
  /** The other witnesses' clocks may be behind ours, and refuse what is ahead of them. */
  const aheadMs = Math.min(timeAheadMsMax, epochMs)
  const quorum = quorumOf(rules.witnesses.length)
  const sponsorsMax = Math.min(dependenciesMax - 1, Math.floor(sponsorLinesBytesMax / (lineBytes + signatureBytes * quorum)))
  let stop = (): void => {}
  let closed = false

  const due = async (): Promise<readonly Op[]> => {
    const book = await epochs.book()
    const lines = book.due().slice(0, linesMax)
    if (lines.length === 0) return []
    const pay: PayOp = {
      op: 'pay',
      lines: lines.map(({ account, micro }): PayLine => {
        const [, total, units, ok, bad] = book.paidTo(account) ?? [account, 0, 0, 0, 0]
        return [fromHex(account)!, total + Number(micro), units, ok, bad]
      }),
    }
    return [pay]
  }

  /** Sponsors whose certified chains show paid work since they were named last, with those who did it. */
  const sponsored = async ({ sponsors }: ChainState, epoch: number) => {
    const found: { readonly line: SponsorLine; readonly payees: readonly NodeId[] }[] = []
    for (const { author, identity } of await records.heads()) {
      if (compareBytes(author, rules.issuer) === 0) continue
      const known = sponsors.get(toHex(author))
      if ((known?.attests ?? 0) === 0 && !isFounder(rules, author, identity)) continue
      const certificate = await certificateOf(author)
      if (!certificate || certificate.seq <= (known?.named?.seq ?? -1)) continue
      // Kept certificates grow with every signature that comes; there is room for as many as are asked for.
      const line: SponsorLine = [author, certificate.id, { ...certificate, signatures: certificate.signatures.slice(0, quorum) }]
      const rose = (await records.sponsored(line, known?.named ?? null))?.rose ?? []
      const payees = rose.filter(({ paidMicro, units }) => paidMicro > 0n && units > 0n).map(({ payee }) => payee)
      if (payees.length > 0) found.push({ line, payees })
    }
    // More than an entry holds take turns.
    const from = found.length > sponsorsMax ? epoch % found.length : 0
    return [...found.slice(from), ...found.slice(0, from)].slice(0, sponsorsMax)
  }

  /** Referees whose join names a referrer that we attest, and of whom our chain does not say so yet. */
  const referees = async ({ attests }: ChainState, payees: readonly NodeId[]): Promise<readonly AttestOp[]> => {
    const standing = [...attests.values()].filter((a) => a.claim === referrerClaim && a.confidence > 0 && !a.revoked)
    const referrers = new Set(standing.map(({ subject }) => toHex(subject)))
    if (referrers.size === 0) return []
    const book = await epochs.book()
    const ops: AttestOp[] = []
    for (const payee of payees) {
      if (ops.length === refereesMax) break
      const first = book.isReferred(payee) ? undefined : await records.entryAt(fromHex(payee)!, 0)
      const referrer: PublicKey | undefined = first && joinOf(first.entry)?.referrer
      if (referrer && toHex(referrer) !== payee && referrers.has(toHex(referrer)))
        ops.push({ op: 'attest', subject: fromHex(payee)!, claim: referredByClaim(referrer), ...attested })
    }
    return ops
  }

  const settle: Settling['settle'] = (issuer) =>
    issuer.append(async (state) => {
      const epoch = settleableEpoch(clock.now() - aheadMs, epochMs)
      // Else what the last settle still owes would not be known, and a new one ends it.
      if (epoch <= state.head.epoch || !(await epochs.whole())) return []
      const work = await sponsored(state, epoch)
      if (work.length === 0) return []
      const lines = work.map(({ line }) => line).sort(([a], [b]) => compareBytes(a, b))
      return [...(await referees(state, [...new Set(work.flatMap(({ payees }) => payees))])), { op: 'settle', epoch, lines }]
    })

  const start: Settling['start'] = (issuer) => {
    const now = clock.now() - aheadMs
    const next = (afterMs: number): void => {
      if (!closed) stop = clock.after(afterMs, () => start(issuer))
    }
    void settle(issuer).then(
      (done) => next(done ? (epochAt(now, epochMs) + 1) * epochMs - now : retryMs),
      () => next(retryMs),
    )
  }

  return {
    due,
    settle,
    start,
    close: () => {
      closed = true
      stop()
    },
  }
}

/** What makes these keys sponsors or referrers, of those that are not yet. */
export const attestsFor = (
  { attests }: ChainState,
  { sponsors, referrers }: { readonly sponsors: readonly PublicKey[]; readonly referrers: readonly PublicKey[] },
): readonly AttestOp[] => {
  const standing = [...attests.values()].filter((a) => a.confidence > 0 && !a.revoked).map((a) => `${a.claim}/${toHex(a.subject)}`)
  const wanted = [
    ...sponsors.map((subject): AttestOp => ({ op: 'attest', subject, claim: sponsorClaim, ...attested })),
    ...referrers.map((subject): AttestOp => ({ op: 'attest', subject, claim: referrerClaim, ...attested })),
  ]
  return wanted.filter(({ claim, subject }) => !standing.includes(`${claim}/${toHex(subject)}`))
}
