/**
 * What a requester does about a result that others outvoted (spec: ledger.md, *Verdicts*, InvalidResult): it shows it to the witnesses
 * that it is linked with. Only where the type compares exactly within the result's class and the winner is of the same class: there
 * one of the two is wrong, and whoever has the class can tell which. The witnesses do, each by itself (relay-results.ts).
 *
 * Where a majority lied the outvoted one was right, and the report costs its sender score. So there is one every two minutes: a
 * requester that is deceived all day is forgiven as fast as it is blamed, and stays linked.
 *
 * | table        | key                    | value                                                                   |
 * | ------------ | ---------------------- | ----------------------------------------------------------------------- |
 * | wrongResults | swarm/time/agreement   | {job, agreement, result, evidence, untilMs}: stored with the vote, gone when it was shown, when it is too old and when the job is removed |
 */
import { checkClaim, encodeEvidence, evidenceKeyMessage, type SignedResult } from '../contract/evidence.ts'
import type { Replica, Task } from '../contract/requester.ts'
import type { KemKeyPair } from '../contract/sealing.ts'
import { parseMessage } from '../contract/signed.ts'
import type { NodeId } from '../identity/keys.ts'
import { type Bytes, concat, equalBytes, sha256, toHex } from '../lib/bytes.ts'
import { numberKey, type Write } from '../lib/store.ts'
import { chunkBytes, type WireBody } from '../network/wire.ts'
import { embedding, type EmbeddingOutput, type EmbeddingPayload } from '../tasks/embedding/embedding.ts'
import type { AgentDeps, Membership } from './deps.ts'
import type { WitnessBook } from './witness-book.ts'

export const reportEveryMs = 2 * 60_000
/** A witness that has not answered, as one that judges something else just now, is asked again. */
const askAgainMs = 30_000
/** What has not been shown by then is given up: it holds the texts of a task. */
const keptMsMax = 20 * 60_000
/** More than these would be too old by the time they are shown. */
export const reportsWaitingMax = 8

interface Kept extends SignedResult {
  readonly job: string
  readonly evidence: Bytes
  readonly untilMs: number
}

/** Of what waits, in memory. */
type Waiting = Pick<Kept, 'job' | 'untilMs'> & { readonly key: string }
const waitingOf = ({ key, job, untilMs }: Waiting): Waiting => ({ key, job, untilMs })

/** The one that is shown now. */
interface Shown extends Kept {
  readonly key: string
  readonly id: Bytes
  readonly kem: KemKeyPair
  readonly sinceMs: number
  /** When each witness was asked, and who has answered. */
  readonly askedMs: Map<NodeId, number>
  readonly answered: Set<NodeId>
}

export interface WrongResults {
  /** What the vote of a task has shown to be wrong; the writes belong into its commit, `stored` is called after it. */
  readonly of: (
    before: Task,
    after: Task,
    outputs: ReadonlyMap<string, EmbeddingOutput>,
    payload: () => Promise<EmbeddingPayload>,
  ) => Promise<{ readonly writes: readonly Write[]; readonly stored: () => void }>
  readonly onAsked: (from: NodeId, asked: WireBody<'evidence?'>) => Promise<void>
  readonly tick: () => Promise<void>
}

export const createWrongResults = (
  { clock, store, sealer, verifier }: Pick<AgentDeps, 'clock' | 'store' | 'sealer' | 'verifier'>,
  { network, link }: Pick<Membership, 'network' | 'link'>,
  { relays, witnessOf }: Pick<WitnessBook, 'relays' | 'witnessOf'>,
  /** Whether the job is there still. */
  owns: (of: Pick<Kept, 'job'>) => boolean,
): WrongResults => {
  const prefix = `${toHex(link.swarm)}/`
  /** The oldest first, those of other swarms among them; undefined until the store was read. */
  let listed: Promise<Waiting[]> | undefined
  const waiting = (): Promise<Waiting[]> =>
    (listed ??= store
      .list('wrongResults')
      .then((records) => records.map(([key, value]) => ({ ...(value as unknown as Kept), key })).map(waitingOf))
      .catch((error: unknown) => {
        listed = undefined
        throw error
      }))
  let shown: Shown | undefined
  let ticking = false

  const keyOf = (agreement: Bytes, number: number): string => `${prefix}${numberKey(clock.now())}${number}/${toHex(agreement)}`
  const forget = async (key: string): Promise<void> => {
    const list = await waiting()
    const at = list.findIndex((one) => one.key === key)
    if (at >= 0) list.splice(at, 1)
    await store.commit([{ table: 'wrongResults', key, remove: true }])
  }
  const witnesses = (): readonly NodeId[] => relays().filter((id) => witnessOf(id) !== undefined)

  const next = async (): Promise<Shown | undefined> => {
    for (const { key } of (await waiting()).filter((one) => one.key.startsWith(prefix))) {
      const kept = (await store.get('wrongResults', key)) as unknown as Kept | undefined
      const agreement = kept && parseMessage(kept.agreement)
      if (!kept || !agreement?.ok) await forget(key)
      else {
        const kem = await sealer.generateKeyPair()
        return { ...kept, key, id: agreement.value.id, kem, sinceMs: clock.now(), askedMs: new Map(), answered: new Set() }
      }
    }
    return undefined
  }
  const show = async (): Promise<void> => {
    const now = clock.now()
    // Of the jobs of another swarm nothing is known here; those were all made while there was one.
    const over = (one: Waiting): boolean => one.untilMs < now || (one.key.startsWith(prefix) && !owns(one))
    for (const { key } of (await waiting()).filter(over)) await forget(key)
    if (shown && now - shown.sinceMs >= reportEveryMs) await forget(shown.key)
    const current = shown
    if (current && !(await waiting()).some(({ key }) => key === current.key)) shown = undefined
    // Without a witness in sight it waits.
    if ((!shown && (await waiting()).length === 0) || witnesses().length === 0) return
    shown ??= await next()
    if (!shown) return
    const { agreement, result, kem, askedMs, answered } = shown
    for (const id of witnesses()) {
      if (answered.has(id) || clock.now() - (askedMs.get(id) ?? -askAgainMs) < askAgainMs) continue
      askedMs.set(id, clock.now())
      await network.send(id, ['wrong-result', { agreement, result, kem: kem.publicKey }])
    }
  }

  const collect: WrongResults['of'] = async (before, after, outputs, payloadOf) => {
    const outvoted = outvotedIn(before, after, outputs)
    if (outvoted.length === 0) return nothingWrong
    const list = await waiting()
    const writes: Write[] = []
    const added: Waiting[] = []
    for (const [i, { replica, output }] of outvoted.slice(0, Math.max(0, reportsWaitingMax - list.length)).entries()) {
      const { salt, agreement, commitment, result } = replica
      const payload = concat(salt, embedding.encodePayload(await payloadOf()))
      const evidence = encodeEvidence({ payload, output: embedding.encodeOutput(output) })
      const signed = { agreement: agreement!.message, result: result! }
      // What a witness would refuse costs its sender score: it is not shown.
      if (!evidence || !equalBytes(sha256(payload), commitment) || !(await checkClaim(verifier, link.swarm, clock.now(), signed)).ok)
        continue
      const waits = { key: keyOf(agreement!.id, i), job: after.job, untilMs: clock.now() + keptMsMax }
      added.push(waits)
      writes.push({ table: 'wrongResults', key: waits.key, value: { ...signed, job: waits.job, evidence, untilMs: waits.untilMs } })
    }
    return { writes, stored: () => void list.push(...added) }
  }

  return {
    // What cannot be read now is not reported: the vote stands all the same.
    of: (...vote) => collect(...vote).catch(() => nothingWrong),
    onAsked: async (from, { agreement, key }) => {
      const report = shown
      if (!report || !equalBytes(report.id, agreement) || report.answered.has(from) || !report.askedMs.has(from)) return
      if (!key) return void report.answered.add(from)
      // To whom it is sealed the witness's own key says, whatever stands between it and its relay's address.
      const message = evidenceKeyMessage(link.swarm, agreement, key.kem)
      if (toHex(key.witness) !== witnessOf(from) || !(await verifier.verify(key.signature, message, key.witness))) return
      report.answered.add(from)
      const { evidence: plaintext, kem } = report
      const sealed = await sealer.seal({ agreement, direction: 0, to: key.kem, ownPrivate: kem.privateKey, plaintext, chunkBytes })
      // It is asked again.
      if (!sealed.ok) return void report.answered.delete(from)
      const { enc, chunks } = sealed.value
      for (const [index, data] of chunks.entries()) {
        const part = { agreement, index, last: index === chunks.length - 1, enc: index === 0 ? enc : null, data }
        if (!(await network.send(from, ['evidence', part])).ok) return void report.answered.delete(from)
      }
    },
    tick: async () => {
      if (ticking) return
      ticking = true
      await show().finally(() => (ticking = false))
    },
  }
}

const nothingWrong = { writes: [], stored: () => {} }

/** Those that this change rejects, and that a winner of the same exact class contradicts. */
const outvotedIn = (
  before: Task,
  after: Task,
  outputs: ReadonlyMap<string, EmbeddingOutput>,
): readonly { readonly replica: Replica; readonly output: EmbeddingOutput }[] => {
  const outputOf = (r: Replica): EmbeddingOutput | undefined => (r.agreement ? outputs.get(toHex(r.agreement.id)) : undefined)
  const winners = after.replicas.filter((r) => r.agreement && after.winners.includes(toHex(r.agreement.id)))
  return after.replicas.flatMap((replica) => {
    const { resultClass } = replica
    const output = outputOf(replica)
    const was = before.replicas.find(({ worker }) => worker === replica.worker)?.phase
    if (replica.phase !== 'rejected' || was === 'rejected' || !replica.result || !output || !embedding.exactIn(resultClass)) return []
    const contradicted = winners.some((winner) => {
      const right = winner.resultClass === resultClass ? outputOf(winner) : undefined
      return right !== undefined && !embedding.agree({ output, resultClass }, { output: right, resultClass })
    })
    return contradicted ? [{ replica, output }] : []
  })
}
