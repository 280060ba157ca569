/**
 * `ledger.merge`: two replicas with the same 20 000 entries of 200 authors, but for 25 that only the one has and 25 that only the
 * other has, each by another author, converge: they find out which these are, give them to each other, and have the same state
 * root. They do so again and again, as relays do, each time with new entries. Beside it a replica that has nothing takes all. The
 * entries were verified before; all is in memory.
 */
import { followRelayState, type RelayState } from '../../src/agent/relay-state.ts'
import type { Signer } from '../../src/identity/keys.ts'
import { certifyDevice } from '../../src/identity/device.ts'
import { signCertificate } from '../../src/ledger/certificate.ts'
import { type ParsedEntry, signEntry, zeroId } from '../../src/ledger/entry.ts'
import { answerReconcile, continueReconcile, type Reconciliation, startReconcile } from '../../src/ledger/reconcile.ts'
import { planExchange } from '../../src/ledger/reconcile-heads.ts'
import { createReplica } from '../../src/ledger/replica.ts'
import type { Segment } from '../../src/ledger/replica-segments.ts'
import type { LedgerRules } from '../../src/ledger/rules.ts'
import type { Op, PayLine } from '../../src/ledger/types.ts'
import { compareBytes, equalBytes, sha256, toHex, utf8 } from '../../src/lib/bytes.ts'
import { type Figure, median, round2, rounds } from './figure.ts'
import { signer, timed, verifier } from './ledger.ts'
import { createOrderedStore } from './ledger-store.ts'

const authorsCount = 200
const entriesEach = 100
/** What only one of the two has, each by an author of its own. */
const apart = 25
/** As many of one author's entries as travel together. */
const runLength = 64

/** Merges before the first that counts: relays that have worked for a while. */
const roundsBefore = 20
const mergeRounds = 41

const grantMicro = 1_000_000_000

interface History {
  readonly rules: LedgerRules
  readonly common: readonly Segment[]
  /** Entries that nobody has yet, each the next of an author of its own. */
  readonly next: (count: number) => Promise<readonly Segment[]>
}

const createHistory = async (): Promise<History> => {
  const [witness, issuer] = [await signer(), await signer()]
  const rules: LedgerRules = {
    swarm: sha256(utf8('bench')),
    witnesses: [witness.publicKey],
    issuer: issuer.publicKey,
    allowanceMicro: Number.MAX_SAFE_INTEGER,
    openingMicro: 0,
  }
  const authors: Signer[] = []
  while (authors.length < authorsCount - 1) authors.push(await signer())
  const keys = authors.map(({ publicKey }) => publicKey).sort(compareBytes)
  const certified = async (entries: readonly ParsedEntry[]): Promise<Segment> => {
    const { entry, id } = entries.at(-1)!
    return { entries, certificate: await signCertificate(witness, rules.swarm, { author: entry.author, seq: entry.seq, id }) }
  }
  const joinOp = async (device: Signer): Promise<Op> => {
    const root = await signer()
    const { signature: certificate } = await certifyDevice(root, device.publicKey)
    return { op: 'join', identity: root.publicKey, certificate, stamp: new Uint8Array(0) }
  }
  const chains = new Map<Signer, ParsedEntry[]>()
  /** The n-th entry pays one of twenty others. */
  const append = async (author: Signer, ops?: readonly Op[]): Promise<ParsedEntry> => {
    const chain = chains.get(author) ?? []
    chains.set(author, chain)
    const [seq, prev, paid] = [chain.length, chain.at(-1)?.id ?? zeroId, author === issuer ? grantMicro : 0]
    const payees = keys.filter((key) => !equalBytes(key, author.publicKey)).slice(0, 20)
    const pay: Op = { op: 'pay', lines: [[payees[seq % payees.length]!, paid + seq, seq, seq, 0]] }
    chain.push(await signEntry(author, { v: 1, swarm: rules.swarm, author: author.publicKey, seq, prev, time: seq, ops: ops ?? [pay] }))
    return chain.at(-1)!
  }
  /** A chain in runs; `first` are the operations of number 0. */
  const chain = async (author: Signer, first: readonly Op[]): Promise<readonly Segment[]> => {
    const entries = [await append(author, first)]
    while (entries.length < entriesEach) entries.push(await append(author))
    const cuts = [0, ...(author === issuer ? [1] : []), runLength, entriesEach]
    return Promise.all(cuts.slice(1).map((cut, i) => certified(entries.slice(cuts[i], cut))))
  }
  const grants: Op = { op: 'pay', lines: keys.map((key): PayLine => [key, grantMicro, 0, 0, 0]) }
  const common = [...(await chain(issuer, [await joinOp(issuer), grants]))]
  const grant = common[0]!.certificate!
  for (const author of authors)
    common.push(...(await chain(author, [await joinOp(author), { op: 'claim', lines: [[issuer.publicKey, grant.id, grant]] }])))
  let turn = 0
  const next = async (count: number): Promise<readonly Segment[]> => {
    const made: Segment[] = []
    while (made.length < count) made.push(await certified([await append(authors[turn++ % authors.length]!)]))
    return made
  }
  return { rules, common, next }
}

const take = async ({ replica }: Pick<RelayState, 'replica'>, { entries, certificate }: Segment): Promise<void> => {
  const verified = entries.map((parsed) => ({ parsed, signedBy: 'author' as const }))
  const report = await replica.ingestVerified(verified, certificate!, 'peer')
  if (!report.ok || report.value.certified.length !== entries.length) throw new Error('not merged')
}

/** The one asks the other, takes what it lacks and gives what the other lacks. */
const converge = async (ours: RelayState, theirs: RelayState): Promise<void> => {
  let [state, message]: readonly [Reconciliation, Uint8Array | null] = startReconcile(ours.set)
  while (message) {
    const answer = answerReconcile(theirs.set, message)
    const next = answer.ok && continueReconcile(ours.set, state, answer.value)
    if (!next || !next.ok) throw new Error('not understood')
    ;[state, message] = next.value
  }
  const { fetch, give } = planExchange(state, ours.seqOf)
  for (const { author, from } of fetch) await take(ours, await theirs.replica.chainFrom(author, from))
  for (const { author, from } of give) await take(theirs, await ours.replica.chainFrom(author, from))
  if (!equalBytes(ours.root(), theirs.root())) throw new Error('not the same state')
}

export const benchLedgerMerge = async (): Promise<readonly Figure[]> => {
  const { rules, common, next } = await createHistory()
  const silent = { onCertified: () => {}, onConflict: () => {}, onVerdict: () => {}, onFraud: () => {} }
  const wholeMs: number[] = []
  const filled = async (): Promise<RelayState> => {
    const replica = createReplica({ store: createOrderedStore(), verifier, rules })
    wholeMs.push(
      await timed(async () => {
        for (const segment of common) await take({ replica }, segment)
      }),
    )
    return followRelayState(replica, silent)
  }
  while (wholeMs.length < rounds - 1) await filled()
  const [a, b] = [await filled(), await filled()]

  const times: { readonly mergeMs: number; readonly unionMs: number }[] = []
  for (let round = -roundsBefore; round < mergeRounds; round++) {
    const [ours, theirs] = [await next(apart), await next(apart)]
    for (const segment of ours) await take(a, segment)
    for (const segment of theirs) await take(b, segment)
    if (equalBytes(a.root(), b.root())) throw new Error('nothing to merge')
    const mergeMs = await timed(() => converge(a, b))
    const unionMs = await timed(async () => unionOf([...common, ...ours], [...common, ...theirs]))
    if (round >= 0) times.push({ mergeMs, unionMs })
  }
  return [
    {
      name: 'ledger.merge',
      value: round2(median(times.map((t) => t.mergeMs))),
      unit: `ms until two replicas of 20 000 verified entries, each with ${apart} that the other lacks, have one state, against a union of the entries by id`,
      n: mergeRounds,
      baseline: round2(median(times.map((t) => t.unionMs))),
      ratio: round2(median(times.map((t) => t.unionMs / t.mergeMs))),
    },
    {
      name: 'ledger.merge.whole',
      value: round2(median(wholeMs.slice(1))),
      unit: 'ms for 20 000 verified entries that are all new, applied and stored',
      n: rounds,
    },
  ]
}

/** What a log of events without chains does to merge: every event of the one that the other lacks, by its id. */
const unionOf = (ours: readonly Segment[], theirs: readonly Segment[]): number => {
  const known = new Map(ours.flatMap(({ entries }) => entries.map((entry) => [toHex(entry.id), entry] as const)))
  for (const { entries } of theirs) for (const entry of entries) if (!known.has(toHex(entry.id))) known.set(toHex(entry.id), entry)
  return known.size
}
