/**
 * A witness: signs the furthest valid entry of a chain that it is shown, and never two entries at one number (spec: ledger.md,
 * *Witnesses and certificates*).
 *
 * Invariant: what it signs next descends from what it signed last, and the record of that is compared and set, on disk, before
 * the signature leaves. So all that it ever signed of an author lies on one chain, whatever died in between. To sign the same
 * again is harmless: it is the same signature.
 */
import type { PublicKey, Signer, Verifier } from '../identity/keys.ts'
import { assert } from '../lib/assert.ts'
import { type Bytes, equalBytes, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { createSerial } from '../lib/serial.ts'
import { sameValue, type Store, type StoreError, type Write } from '../lib/store.ts'
import type { InvalidReason } from './apply.ts'
import { signCertificate } from './certificate.ts'
import { type ChainState, emptyChain } from './chain-state.ts'
import { stateAt, tipsOf } from './conflict.ts'
import { joinOf, parseEntry, type ParsedEntry } from './entry.ts'
import { type Fold, foldSegment } from './fold.ts'
import type { VerifiedEntry } from './pending-pool.ts'
import type { Replica } from './replica.ts'
import { type LedgerRules, quorumOf } from './rules.ts'
import type { Certificate, Entry, EntryId } from './types.ts'
import { encodeVerdict, type Finding, parseVerdict, signVerdict, type Verdict } from './verdict.ts'
import { checkDoubleSpend, type DoubleSpendProof, type ProofError } from './verdict-proof.ts'
import { verifyEntry } from './verify-entry.ts'
import { type AdmissionRefusal, type CheckStamp, createAdmission } from './witness-admission.ts'
import { noUnlocking, stakeSeen, unlockingFromRecord, unlockingToRecord } from './witness-unlocking.ts'
import { loadWitnessChain, type Signed, signedWrite, type WitnessChain } from './witness-chain.ts'

export const submittedEntriesMax = 64
/** What was signed here of one author and is not certified yet: each new signature checks and folds all of it again. */
export const [uncertifiedEntriesMax, uncertifiedBytesMax] = [64, 64 * 1024]

export type WitnessRefusal =
  | { readonly reason: 'malformed'; readonly what: string }
  | { readonly reason: 'invalid'; readonly seq: number; readonly what: InvalidReason }
  /** The chain is known here to end before this number: show it from there. */
  | { readonly reason: 'gap'; readonly seq: number }
  /** A claimed entry is not certified here yet. */
  | { readonly reason: 'income-missing'; readonly payer: PublicKey; readonly seq: number; readonly id: EntryId }
  /** Another entry stands at this number: `signed`, from it to the one that the certificate is on. */
  | {
      readonly reason: 'taken'
      readonly seq: number
      readonly signed: { readonly entries: readonly Bytes[]; readonly certificate: Certificate }
    }
  /** As much was signed here as may wait for its certificate: this number comes after that. */
  | { readonly reason: 'uncertified'; readonly seq: number }
  /** By a verdict, or by its own fraud as a witness: nothing further of it is certified. */
  | { readonly reason: 'closed' }
  /** What other witnesses certified does not descend from what this one signed: it signs no more of this author. */
  | { readonly reason: 'forked' }
  | AdmissionRefusal
  | { readonly reason: 'storage'; readonly error: StoreError }

export type WitnessAnswer = Result<{ readonly certificate: Certificate }, WitnessRefusal>

export interface Witness {
  /** Entries of one author, oldest first. The certificate carries this witness's one signature, on the furthest that it signs. */
  readonly submit: (entries: readonly Uint8Array[]) => Promise<WitnessAnswer>
  /**
   * This witness's signature on an entry that is certified by one above it: whom it pays claims by a certificate on exactly that
   * entry, which its author need not have asked for. Undefined where it is not part of the certified chain, or of another than this
   * witness has signed.
   */
  readonly vouch: (author: PublicKey, seq: number) => Promise<Certificate | undefined>
  /**
   * A verdict on a proven double spend, with this witness's one signature: kept where it is full, for the caller to merge with
   * others' where not. Judged by the proof alone, so that any witness comes to the same whoever shows it.
   */
  readonly judge: (proof: DoubleSpendProof) => Promise<Result<Verdict, JudgeRefusal>>
  /**
   * The same for what this witness found in another way: work that it did again and that came out otherwise, or its owner's
   * judgement that an account is to be closed.
   */
  readonly find: (finding: Finding) => Promise<Result<Verdict, JudgeRefusal>>
}

export type JudgeRefusal =
  | { readonly reason: 'proof'; readonly error: ProofError }
  /** One of the two is no valid entry of that chain, so nobody could have been harmed by it. */
  | { readonly reason: 'invalid' }
  /** The chain before the fork, or what the two claim, is not here. */
  | { readonly reason: 'missing' }
  | { readonly reason: 'storage'; readonly error: StoreError }

export const createWitness = ({
  store,
  replica,
  signer,
  verifier,
  rules,
  clock,
  checkStamp = () => true,
}: {
  readonly store: Store
  readonly replica: Replica
  readonly signer: Signer
  readonly verifier: Verifier
  readonly rules: LedgerRules
  readonly clock: Clock
  /** Where a swarm asks for no stamp, none is bad. */
  readonly checkStamp?: CheckStamp
}): Witness => {
  const { records, verdicts } = replica
  const admission = createAdmission(rules, replica, clock, checkStamp)
  const serial = createSerial()
  const alone = quorumOf(rules.witnesses.length) === 1

  /** The record is on disk. Where this is the only witness its signature is the certificate, and the replica takes it. */
  const sign = async (author: PublicKey, { seq, id, tail }: Signed): Promise<WitnessAnswer> => {
    const certificate = await signCertificate(signer, rules.swarm, { author, seq, id })
    if (!alone) return ok({ certificate })
    const kept = await replica.ingest(
      tail.map(({ bytes }) => bytes),
      certificate,
      'witness',
    )
    return kept.ok ? ok({ certificate }) : err({ reason: 'storage', error: kept.error })
  }

  /** Completes what a crash cut off between record and certificate, so that every signed entry gets its own. */
  const load = async (author: PublicKey): Promise<Result<WitnessChain, WitnessRefusal>> => {
    const chain = await loadWitnessChain(store, records, author)
    if (chain.forked) return err({ reason: 'forked' })
    if (!alone || chain.tail.length === 0) return ok(chain)
    const signed = await sign(author, chain.signed!)
    return signed.ok ? ok(await loadWitnessChain(store, records, author)) : signed
  }

  const certify = async (author: PublicKey, submitted: readonly ParsedEntry[]): Promise<WitnessAnswer> => {
    const loaded = await load(author)
    if (!loaded.ok) return loaded
    const chain = loaded.value
    const taken = await findTaken(chain, submitted)
    if (taken !== undefined) return err({ reason: 'taken', seq: taken, signed: await shown(author, chain, taken) })
    const beyond = submitted.filter(({ entry }) => entry.seq > chain.last)
    const fresh = beyond.slice(0, Math.max(0, uncertifiedEntriesMax - chain.tail.length))
    if (beyond.length === 0) return ok({ certificate: (await shown(author, chain, submitted.at(-1)!.entry.seq)).certificate })
    if (await verdicts.closed(author)) return err({ reason: 'closed' })
    if (beyond[0]!.entry.seq !== chain.last + 1) return err({ reason: 'gap', seq: chain.last + 1 })
    const tailBytes = chain.tail.reduce((sum, { bytes }) => sum + bytes.length, 0)
    if (fresh.length === 0 || tailBytes >= uncertifiedBytesMax) return err({ reason: 'uncertified', seq: chain.last + 1 })

    const [verified, unverified] = await verifyRun(verifier, rules, chain.head.identity, [...chain.tail, ...fresh])
    const start = await records.stateFor(
      chain.head,
      verified.map((item) => item.parsed),
    )
    const fold = await foldSegment({ rules, records, verifier }, start, verified)
    const signedBefore = chain.tail.length
    const valid = verified.slice(signedBefore, fold.heads.length).map((item) => item.parsed)
    const before = fold.heads[signedBefore - 1] ?? chain.head
    const record = await store.get('unlocking', toHex(author))
    const admitted = await admission.admit(author, {
      entries: valid,
      before,
      heads: fold.heads.slice(signedBefore),
      unlocking: stakeSeen(unlockingFromRecord(record), before.staked, clock.now()),
    })
    const { count } = admitted
    const furthest = valid[count - 1]
    if (!furthest) return err(admitted.refusal ?? whyInvalid(fold, unverified, chain.last + 1))

    const next: Signed = { seq: furthest.entry.seq, id: furthest.id, tail: [...chain.tail, ...valid.slice(0, count)] }
    const unlocking = unlockingToRecord(admitted.unlocking)
    const writes: Write[] = [signedWrite(author, next)]
    if (!sameValue(unlocking, record ?? unlockingToRecord(noUnlocking)))
      writes.push({ table: 'unlocking', key: toHex(author), value: unlocking })
    const stored = await store.commit(writes, [chain.unchanged])
    if (!stored.ok) return err({ reason: 'storage', error: stored.error })
    admission.spend(author, valid.slice(0, count))
    return sign(author, next)
  }

  /** What this witness can show from this number on: the next certificate, else its own signature on its tail. */
  const shown = async (
    author: PublicKey,
    chain: WitnessChain,
    seq: number,
  ): Promise<{ entries: readonly Bytes[]; certificate: Certificate }> => {
    if (seq > chain.head.seq && chain.signed) {
      const entries = chain.tail.filter(({ entry }) => entry.seq >= seq).map(({ bytes }) => bytes)
      return { entries, certificate: await signCertificate(signer, rules.swarm, { author, ...chain.signed }) }
    }
    const { entries, certificate } = await replica.chainFrom(author, seq, 0)
    assert(certificate !== null, 'a head is certified, so there is a certificate at or above any number up to it')
    return { entries: entries.map(({ bytes }) => bytes), certificate }
  }

  /** What the chain is before the fork; undefined where it is not here. */
  const stateBefore = async ({ author, seq, prev }: Entry): Promise<ChainState | undefined> =>
    seq === 0 ? emptyChain(author) : stateAt({ store, records, rules, verifier }, await records.entryById(prev))

  const judge: Witness['judge'] = async (proof) => {
    const checked = await checkDoubleSpend(verifier, rules, proof)
    if (!checked.ok) return err({ reason: 'proof', error: checked.error })
    const { finding: found, entries } = checked.value
    const before = await stateBefore(entries[0].entry)
    if (!before) return err({ reason: 'missing' })
    for (const parsed of entries) {
      const signed = await verifyEntry(verifier, rules, parsed, before.head.identity)
      if (!signed.ok) return err({ reason: 'invalid' })
      const { stopped } = await foldSegment({ rules, records, verifier }, before, [{ parsed, signedBy: signed.value }])
      if (stopped) return err({ reason: stopped.type })
    }
    return find(found)
  }

  const find: Witness['find'] = async (finding) => {
    const verdict = await signVerdict(signer, rules.swarm, finding)
    const form = parseVerdict(encodeVerdict(verdict))
    if (!form.ok) return err({ reason: 'proof', error: form.error })
    if (!alone) return ok(verdict)
    const kept = await verdicts.take(verdict)
    if (kept.ok) return ok(verdict)
    assert(kept.error.type === 'storage' || kept.error.type === 'conflict', 'a verdict of ours is right')
    return err({ reason: 'storage', error: kept.error })
  }

  return {
    judge,
    find,
    // In turn with what is submitted: what is being signed just now is on disk before, or sees what is certified here.
    vouch: (author, seq) =>
      serial(toHex(author), async () => {
        const chain = await loadWitnessChain(store, records, author)
        const entry = seq <= (await chain.agreesTo()) ? await records.entryAt(author, seq) : undefined
        // Where a certified chain has branches, another of them may be the head tomorrow.
        if (!entry || (await tipsOf(store, author)).length > 0) return undefined
        return signCertificate(signer, rules.swarm, { author, seq, id: entry.id })
      }),
    submit: async (entries) => {
      if (entries.length === 0 || entries.length > submittedEntriesMax) return malformed('not one to 64 entries')
      const submitted: ParsedEntry[] = []
      for (const bytes of entries) {
        const parsed = parseEntry(bytes)
        if (!parsed.ok) return malformed(parsed.error.what)
        submitted.push(parsed.value)
      }
      const { author } = submitted[0]!.entry
      if (!submitted.every(({ entry }, i) => equalBytes(entry.author, author) && entry.seq === submitted[0]!.entry.seq + i))
        return malformed('not one author, number by number')
      return serial(toHex(author), () => certify(author, submitted))
    },
  }
}

const findTaken = async (chain: WitnessChain, submitted: readonly ParsedEntry[]): Promise<number | undefined> => {
  for (const { entry, id } of submitted) {
    if (entry.seq > chain.last) return undefined
    const here = await chain.entryAt(entry.seq)
    if (here && !equalBytes(here.id, id)) return entry.seq
  }
  return undefined
}

/** Signatures of a run of one chain, up to the first that is wrong. */
const verifyRun = async (
  verifier: Verifier,
  rules: LedgerRules,
  known: PublicKey | null,
  entries: readonly ParsedEntry[],
): Promise<readonly [verified: readonly VerifiedEntry[], reason: InvalidReason | undefined]> => {
  let identity = known
  const verified: VerifiedEntry[] = []
  for (const parsed of entries) {
    const signed = await verifyEntry(verifier, rules, parsed, identity)
    if (!signed.ok) return [verified, signed.error]
    verified.push({ parsed, signedBy: signed.value })
    identity ??= joinOf(parsed.entry)?.identity ?? null
  }
  return [verified, undefined]
}

const whyInvalid = ({ stopped }: Fold, unverified: InvalidReason | undefined, seq: number): WitnessRefusal =>
  stopped?.type === 'missing'
    ? { reason: 'income-missing', payer: stopped.payer, seq: stopped.seq, id: stopped.id }
    : { reason: 'invalid', seq, what: stopped?.reason ?? unverified ?? 'signature' }

const malformed = (what: string): WitnessAnswer => err({ reason: 'malformed', what })
