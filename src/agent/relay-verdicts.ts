/**
 * How a double spend, or what witnesses' owners judge, becomes a verdict (spec: ledger.md, *Verdicts*), and how proofs of a witness's
 * fraud get around.
 *
 * A witness that holds two valid entries of one author at one number keeps the proof, signs what it found and shows both to the
 * others, which judge for themselves; 2f+1 signatures are the verdict. The proof is shown again every minute until there is one,
 * so nobody need remember what others said, and whoever was away learns of it. Full verdicts then travel like certified heads.
 * An owner's judgement has no proof: a witness signs its own owner's only, and tells of it as often. Nor has what it found by doing a
 * work again (relay-results.ts): it tells of that for an hour, and for another after a restart.
 *
 * | table | key                  | value                                                             |
 * | ----- | -------------------- | ----------------------------------------------------------------- |
 * | forks | target/reason/offence | bytes of the proof that this witness judged; kept as evidence    |
 * | judgements | target/reason/offence | [target, reason, offence] that this witness's owner found; on disk before it is signed |
 * | wrongResults | target/reason/offence | the same of what this witness found by doing work again, while it tells of it            |
 */
import type { NodeId, PublicKey, Verifier } from '../identity/keys.ts'
import { verifySignatures } from '../ledger/certificate.ts'
import { parseEntry, type ParsedEntry } from '../ledger/entry.ts'
import { branchFork, forkHeld, heldAt, type Pair, pairIn, proofOf } from '../ledger/fork-proof.ts'
import type { Replica } from '../ledger/replica.ts'
import { type LedgerRules, quorumOf } from '../ledger/rules.ts'
import type { Certificate, Entry } from '../ledger/types.ts'
import {
  encodeVerdict,
  type Finding,
  mergeVerdicts,
  offenceOf,
  parseVerdict,
  type Verdict,
  verdictKey,
  verifyVerdictSignatures,
} from '../ledger/verdict.ts'
import {
  type DoubleSpendProof,
  encodeDoubleSpend,
  encodeFraud,
  fraudsIn,
  parseDoubleSpend,
  parseFraud,
  type WitnessFraud,
} from '../ledger/verdict-proof.ts'
import type { Witness } from '../ledger/witness.ts'
import { type Bytes, fromHex, toHex } from '../lib/bytes.ts'
import { createSerial } from '../lib/serial.ts'
import type { Store, Write } from '../lib/store.ts'
import type { Network } from '../network/network.ts'
import type { Circle } from './relay-circle.ts'
import { createJudging, type Shown } from './relay-judging.ts'
import type { Fact } from './relay-state.ts'

/** Findings of this witness that are told again at once; the rest when these are verdicts. */
const toldMax = 64
/** Wrong results that are no verdict after so many minutes: too few of the others judge them. */
const resultTellsMax = 60
/** Findings that are remembered of one other relay until they are verdicts, and forks of which only one entry has come. */
const rememberedMax = 256
/** Both entries of a fork go into one message up to this size. */
const pairBytesMax = 56 * 1024

/** What this witness's owner found, with how many witnesses' signatures; `full`: a verdict, for good. */
export interface Judgement extends Finding {
  readonly signed: number
  readonly full: boolean
}

export interface VerdictDesk {
  /** What a crash or a stop cut off. */
  readonly resume: () => Promise<void>
  /** What this witness's owner found: signed, and told until it is a verdict. False: it could not be stored. */
  readonly find: (finding: Finding) => Promise<boolean>
  /** All that it found, and how far each is. */
  readonly judgements: () => Promise<readonly Judgement[]>
  /** What this witness found by doing work again. False: it could not be signed. */
  readonly found: (finding: Finding) => Promise<boolean>
  /** A witness refused this number because another entry stands there. */
  readonly shown: (submitted: readonly Uint8Array[], seq: number) => void
  /** The chains of these authors have grown. */
  readonly grew: (authors: readonly PublicKey[]) => void
  /** Certified entries on branches have come. */
  readonly branched: () => void
  /** Signatures of witnesses on an entry, too few to certify it. */
  readonly signed: (certificate: Certificate) => Promise<void>
  readonly onFork: (entries: readonly Uint8Array[]) => void
  readonly onVerdict: (from: NodeId, bytes: Bytes) => Promise<void>
  readonly onFraud: (from: NodeId, bytes: Bytes) => Promise<void>
  /** Full, and new in the replica. */
  readonly onFull: (verdict: Verdict) => void
  readonly onProved: (fraud: WitnessFraud) => void
  readonly give: (to: NodeId, fact: Fact) => void
  /** Who comes is told what is held against it, or asks that of another device of the same identity. */
  readonly onNode: (id: NodeId, device: PublicKey) => Promise<void>
  /** Once a minute. */
  readonly tick: () => Promise<void>
}

export const createVerdictDesk = ({
  store,
  verifier,
  rules,
  replica,
  witness,
  circle,
  network,
}: {
  readonly store: Store
  readonly verifier: Verifier
  readonly rules: LedgerRules
  readonly replica: Pick<Replica, 'records' | 'verdicts'>
  readonly witness: Pick<Witness, 'judge' | 'find'>
  readonly circle: Circle
  readonly network: Pick<Network, 'peers' | 'send' | 'blame'>
}): VerdictDesk => {
  const { records, verdicts } = replica
  const quorum = quorumOf(rules.witnesses.length)
  const serial = createSerial()
  /** Found by this witness, and no verdict yet. */
  const own = new Map<string, { readonly verdict: Verdict; readonly proof?: DoubleSpendProof }>()
  /** The same of wrong results, the oldest first, and how often each will be told yet. */
  const results = new Map<string, { readonly verdict: Verdict; tellsLeft: number }>()
  /** What other relays brought, by relay and key. */
  const words = new Map<NodeId, Map<string, Verdict>>()
  const halves = new Map<string, readonly ParsedEntry[]>()
  const judging = createJudging()

  const isKnown = async (target: PublicKey, key: string): Promise<boolean> =>
    (await verdicts.verdicts(target)).some((known) => verdictKey(known) === key)

  /** What this witness holds itself is judged however often there is some. */
  const consider = (pair: Pair | undefined, by: Shown | 'held' = 'held'): Promise<void> =>
    pair ? serial('consider', () => judge(pair, by)) : Promise.resolve()
  const judge = async (pair: Pair, by: Shown | 'held'): Promise<void> => {
    const { author, seq } = pair[0].entry
    const finding: Finding = { target: author, reason: 'DoubleSpend', offence: offenceOf.doubleSpend(author, seq) }
    const key = verdictKey(finding)
    if (judging.refused(pair) || (by !== 'held' && judging.spent(by, author))) return
    if (own.has(key) || (await isKnown(author, key))) return
    const proof = await proofOf(store, records, pair)
    const judged = await witness.judge(proof)
    judging.judged(by, pair, judged)
    if (!judged.ok) return
    const stored = await store.commit([{ table: 'forks', key, value: encodeDoubleSpend(proof) }])
    if (!stored.ok || (await isKnown(author, key))) return
    own.set(key, { verdict: judged.value, proof })
    tell(judged.value, proof)
    await count(key)
  }
  const tell = (verdict: Verdict, proof?: DoubleSpendProof): void => {
    const [first, second] = proof ? [proof.first, proof.second] : []
    const together = first && second && first.length + second.length <= pairBytesMax
    if (first && second) for (const entries of together ? [[first, second]] : [[first], [second]]) circle.tell(['fork', { entries }])
    circle.tell(['verdict', { bytes: encodeVerdict(verdict) }])
  }
  /** All signatures on this finding together; enough of them are kept, which tells the others (`onFull`). */
  const count = async (key: string): Promise<void> => {
    const merged = together(key)
    if (merged && merged.signatures.length >= quorum) await verdicts.take(merged)
  }
  const together = (key: string): Verdict | undefined => {
    const found = [(own.get(key) ?? results.get(key))?.verdict, ...[...words.values()].map((said) => said.get(key))].flatMap(
      (one) => one ?? [],
    )
    return found.reduce<Verdict | undefined>((all, one) => (all ? mergeVerdicts(all, one) : one), undefined)
  }

  const sign = async (finding: Finding): Promise<boolean> => {
    const key = verdictKey(finding)
    const found = await witness.find(finding)
    if (!found.ok) return false
    if (await isKnown(finding.target, key)) return true
    own.set(key, { verdict: found.value })
    tell(found.value)
    await count(key)
    return true
  }

  const findingsIn = async (table: 'judgements' | 'wrongResults'): Promise<readonly (readonly [key: string, Finding])[]> =>
    (await store.list(table)).map(([key, record]) => {
      const [target, reason, offence] = record as readonly [PublicKey, Finding['reason'], Bytes]
      return [key, { target, reason, offence }]
    })
  const findingWrite = (table: 'judgements' | 'wrongResults', finding: Finding): Write => ({
    table,
    key: verdictKey(finding),
    value: [finding.target, finding.reason, finding.offence],
  })
  const judged = () => findingsIn('judgements')
  const forgetResult = (key: string): void => {
    results.delete(key)
    // Where that fails, it is told of once more.
    void store.commit([{ table: 'wrongResults', key, remove: true }]).catch(() => {})
  }
  /** What was stored and not signed, or became a verdict while this witness was away. */
  const signResults = async (): Promise<void> => {
    for (const [key, finding] of await findingsIn('wrongResults'))
      if (await isKnown(finding.target, key)) forgetResult(key)
      else if (!results.has(key)) await signResult(finding).catch(() => false)
  }
  const signResult = async (finding: Finding): Promise<boolean> => {
    const key = verdictKey(finding)
    const signed = await witness.find(finding)
    if (!signed.ok) return false
    if (await isKnown(finding.target, key)) {
      forgetResult(key)
      return true
    }
    results.set(key, { verdict: signed.value, tellsLeft: resultTellsMax })
    if (results.size > rememberedMax) forgetResult(results.keys().next().value!)
    tell(signed.value)
    await count(key)
    return true
  }
  /** What was stored and not signed: whoever died in between, or whose signer was away, does it now. */
  const signAll = async (): Promise<void> => {
    for (const [key, finding] of await judged())
      if (!own.has(key) && !(await isKnown(finding.target, key))) await sign(finding).catch(() => false)
  }

  /** For a fork at this place, of what is shown and what is held by then. */
  const look = (by: Shown, { author, seq }: Pick<Entry, 'author' | 'seq'>, shown: () => readonly ParsedEntry[]): void => {
    judging.later(`${by}/${toHex(author)}`, async () =>
      consider(pairIn([...shown(), ...(await heldAt(store, records, author, seq))], judging.refused), by),
    )
  }

  return {
    resume: async () => {
      await signAll()
      await signResults()
      for (const [key, bytes] of await store.list('forks')) {
        if (await isKnown(targetOf(key), key)) continue
        const proof = parseDoubleSpend(bytes as Bytes)
        const judged = proof.ok ? await witness.judge(proof.value) : proof
        if (proof.ok && judged.ok && !(await isKnown(targetOf(key), key))) own.set(key, { verdict: judged.value, proof: proof.value })
      }
    },
    find: (finding) =>
      serial('consider', async () => {
        const key = verdictKey(finding)
        if (own.has(key) || (await isKnown(finding.target, key))) return true
        const stored = await store.commit([findingWrite('judgements', finding)])
        return stored.ok && sign(finding)
      }),
    judgements: async () =>
      Promise.all(
        (await judged()).map(async ([key, finding]) => {
          const full = (await verdicts.verdicts(finding.target)).find((known) => verdictKey(known) === key)
          return { ...finding, signed: (full ?? together(key))?.signatures.length ?? 0, full: full !== undefined }
        }),
      ),
    found: (finding) =>
      serial('consider', async () => {
        const key = verdictKey(finding)
        if (results.has(key) || (await isKnown(finding.target, key))) return true
        const stored = await store.commit([findingWrite('wrongResults', finding)])
        return stored.ok && signResult(finding)
      }),
    shown: (submitted, seq) => {
      const other = parsedOf(submitted).find(({ entry }) => entry.seq === seq)
      if (other) look('submitted', other.entry, () => [other])
    },
    grew: (authors) => {
      const job = async (): Promise<void> => {
        for (const author of authors) {
          const pair = await forkHeld(store, records, author)
          if (pair) await consider(pair)
        }
      }
      // As many as were just taken in: none is dropped, since nobody would show it again.
      void serial('grew', job).catch(() => {})
    },
    branched: () => {
      judging.later('branched', async () => {
        for (const [author] of await store.list('tips', { limit: toldMax }))
          await consider(await branchFork(store, records, fromHex(author)!))
      })
    },
    signed: async (certificate) => {
      if (certificate.signatures.length === 0 || !(await verifySignatures(verifier, certificate, rules))) return
      const known = await records.certificateAt(certificate.author, certificate.seq)
      for (const fraud of known ? fraudsIn([known, certificate]) : []) await verdicts.takeFraud(fraud)
    },
    onFork: (entries) => {
      for (const one of parsedOf(entries)) {
        const place = `${toHex(one.entry.author)}/${one.entry.seq}`
        const other = (halves.get(place) ?? []).filter(({ id }) => toHex(id) !== toHex(one.id))
        halves.delete(place)
        halves.set(place, [one, ...other].slice(0, 2))
        if (halves.size > rememberedMax) halves.delete(halves.keys().next().value!)
        look('told', one.entry, () => halves.get(place) ?? [])
      }
    },
    onVerdict: async (from, bytes) => {
      const parsed = parseVerdict(bytes)
      if (!parsed.ok || !(await verifyVerdictSignatures(verifier, parsed.value, rules)).ok) return network.blame(from, 'verdict')
      const verdict = parsed.value
      if (verdict.signatures.length >= quorum) return void (await verdicts.take(verdict))
      const known = (await verdicts.verdicts(verdict.target)).find((one) => verdictKey(one) === verdictKey(verdict))
      if (known) return circle.send(from, ['verdict', { bytes: encodeVerdict(known) }])
      const said = words.get(from) ?? new Map<string, Verdict>()
      words.set(from, said)
      const key = verdictKey(verdict)
      said.delete(key)
      said.set(key, verdict)
      if (said.size > rememberedMax) said.delete(said.keys().next().value!)
      await count(key)
    },
    onFraud: async (from, bytes) => {
      const parsed = parseFraud(bytes)
      const taken = parsed.ok ? await verdicts.takeFraud(parsed.value) : parsed
      if (!taken.ok && (taken.error.type === 'malformed' || taken.error.type === 'proof')) network.blame(from, 'fraud')
    },
    onFull: (verdict) => {
      const key = verdictKey(verdict)
      own.delete(key)
      if (results.has(key)) forgetResult(key)
      for (const said of words.values()) said.delete(key)
      const message = ['verdict', { bytes: encodeVerdict(verdict) }] as const
      circle.tell(message)
      void network.send(toHex(verdict.target), message)
    },
    onProved: (fraud) => circle.tell(['fraud', { bytes: encodeFraud(fraud) }]),
    give: (to, fact) =>
      circle.send(
        to,
        'verdict' in fact ? ['verdict', { bytes: encodeVerdict(fact.verdict) }] : ['fraud', { bytes: encodeFraud(fact.fraud) }],
      ),
    onNode: async (id, device) => {
      for (const verdict of await verdicts.verdicts(device)) await network.send(id, ['verdict', { bytes: encodeVerdict(verdict) }])
    },
    tick: async () => {
      judging.tick()
      await signAll()
      await signResults()
      for (const { verdict, proof } of [...own.values()].slice(0, toldMax)) tell(verdict, proof)
      for (const [key, result] of [...results].slice(-toldMax)) {
        tell(result.verdict)
        if (--result.tellsLeft === 0) forgetResult(key)
      }
    },
  }
}

const parsedOf = (entries: readonly Uint8Array[]): readonly ParsedEntry[] =>
  entries.flatMap((bytes) => {
    const parsed = parseEntry(bytes)
    return parsed.ok ? [parsed.value] : []
  })

const targetOf = (key: string): PublicKey => fromHex(key.split('/')[0]!)!
