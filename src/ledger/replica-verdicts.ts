/**
 * What a replica holds against accounts: verdicts and proofs of witnesses' fraud. Merging is union; nothing is ever taken back.
 *
 * | table    | key                   | value                                                       |
 * | -------- | --------------------- | ----------------------------------------------------------- |
 * | verdicts | target/reason/offence | the verdict's bytes, every signature known                  |
 * | frauds   | witness               | the proof's bytes; of several the lowest                    |
 */
import type { PublicKey, Verifier } from '../identity/keys.ts'
import { assert } from '../lib/assert.ts'
import { type Bytes, compareBytes, toHex } from '../lib/bytes.ts'
import { ok, type Result } from '../lib/result.ts'
import { createSerial } from '../lib/serial.ts'
import type { Store, StoreError, StoreValue, Write } from '../lib/store.ts'
import type { LedgerRules } from './rules.ts'
import {
  encodeVerdict,
  mergeVerdicts,
  parseVerdict,
  slashedMicroOf,
  slashRules,
  type Verdict,
  verdictKey,
  type VerdictError,
  verifyVerdict,
} from './verdict.ts'
import { checkFraud, encodeFraud, parseFraud, type ProofError, type WitnessFraud } from './verdict-proof.ts'

export interface VerdictBook {
  /** Keeps a full verdict; ok also where it was known. */
  readonly take: (verdict: Verdict) => Promise<Result<void, VerdictError | StoreError>>
  readonly takeFraud: (fraud: WitnessFraud) => Promise<Result<void, ProofError | StoreError>>
  /** Against this account, or all; sorted by account, reason, offence. */
  readonly verdicts: (target?: PublicKey) => Promise<readonly Verdict[]>
  readonly frauds: () => Promise<readonly WitnessFraud[]>
  /** What all verdicts against it cost, in µcr. */
  readonly slashedMicro: (target: PublicKey) => Promise<bigint>
  /** Nothing further of it is certified. */
  readonly closed: (target: PublicKey) => Promise<boolean>
}

export const createVerdictBook = ({
  store,
  verifier,
  rules,
}: {
  readonly store: Store
  readonly verifier: Verifier
  readonly rules: LedgerRules
}): VerdictBook => {
  const serial = createSerial()
  const verdicts: VerdictBook['verdicts'] = async (target) =>
    (await store.list('verdicts', target ? { prefix: `${toHex(target)}/` } : {})).map(([, bytes]) => keptVerdict(bytes))

  return {
    verdicts,
    take: async (verdict) => {
      const verified = await verifyVerdict(verifier, verdict, rules)
      if (!verified.ok) return verified
      return serial('verdicts', async () => {
        const key = verdictKey(verdict)
        const known = await store.get('verdicts', key)
        const merged = known === undefined ? verdict : (mergeVerdicts(keptVerdict(known), verdict) ?? verdict)
        return store.commit([{ table: 'verdicts', key, value: encodeVerdict(merged) }])
      })
    },
    takeFraud: async (fraud) => {
      const checked = await checkFraud(verifier, rules, fraud)
      if (!checked.ok) return checked
      return serial('frauds', async () => {
        const writes = await fraudWrites(store, [fraud])
        return writes.length === 0 ? ok(undefined) : store.commit(writes)
      })
    },
    frauds: async () =>
      (await store.list('frauds')).map(([, bytes]) => {
        const parsed = parseFraud(bytes as Bytes)
        assert(parsed.ok, 'a proof that was kept parses')
        return parsed.value
      }),
    slashedMicro: async (target) => slashedMicroOf(await verdicts(target)),
    closed: async (target) =>
      (await store.get('frauds', toHex(target))) !== undefined || (await verdicts(target)).some(({ reason }) => slashRules[reason].closes),
  }
}

/** For proofs that were checked. One proof a witness is enough, and the lowest is the same for all whatever came first. */
export const fraudWrites = async (store: Store, frauds: readonly WitnessFraud[]): Promise<readonly Write[]> => {
  const writes: Write[] = []
  for (const fraud of frauds) {
    const key = toHex(fraud.witness)
    const value = encodeFraud(fraud)
    const known = (await store.get('frauds', key)) as Bytes | undefined
    if (known === undefined || compareBytes(value, known) < 0) writes.push({ table: 'frauds', key, value })
  }
  return writes
}

const keptVerdict = (bytes: StoreValue): Verdict => {
  const parsed = parseVerdict(bytes as Bytes)
  assert(parsed.ok, 'a verdict that was kept parses')
  return parsed.value
}
