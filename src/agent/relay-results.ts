/**
 * How a witness judges a worker's result that a requester's vote went against (spec: ledger.md, *Verdicts*, InvalidResult): it does the
 * work again on its own engine, and signs only where that comes out otherwise, bit for bit, in the very class that the worker named.
 *
 * | asked        | answered                                                                                              |
 * | ------------ | ----------------------------------------------------------------------------------------------------- |
 * | wrong-result | evidence?: seal to this key; or with null: known, or not judged here; nothing where there is no room now |
 * | evidence     | nothing: judged in its turn; the witness's word spreads as a verdict (relay-verdicts.ts)              |
 *
 * A witness without an engine, or whose engine has not that class, abstains. A report that proves false costs its sender score. One
 * work is done again at a time, for those whom the ledger knows only, each agreement once; so much a minute for one reporter and
 * against one worker. Payloads are held in memory, and no longer than until they are judged.
 */
import { type Assembly, createAssembly } from '../contract/chunks.ts'
import { checkClaim, type Claim, evidenceBytesMax, evidenceKeyMessage, openEvidence } from '../contract/evidence.ts'
import type { KemKeyPair, Sealed, Sealer } from '../contract/sealing.ts'
import type { NodeId, PublicKey, Signature, Signer, Verifier } from '../identity/keys.ts'
import type { Replica } from '../ledger/replica.ts'
import type { LedgerRules } from '../ledger/rules.ts'
import { type Finding, offenceOf, verdictKey } from '../ledger/verdict.ts'
import { type Bytes, equalBytes, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { createSerial } from '../lib/serial.ts'
import type { Network } from '../network/network.ts'
import { createKeyedRate } from '../network/rate.ts'
import type { WireBody } from '../network/wire.ts'
import { embedding, type EmbeddingPayload } from '../tasks/embedding/embedding.ts'
import type { Engine } from '../tasks/engine.ts'

/** What a witness does work again with. */
export interface Reexecution {
  readonly engine: Pick<Engine, 'classes' | 'embed'>
  readonly sealer: Sealer
}

/** Reports whose evidence is awaited or that wait for the engine, one of each reporter. */
export const reportsOpenMax = 8
/** Evidence of which no part has come for so long is not awaited, nor one that takes longer than the other in all. */
export const evidenceWaitMs = 20_000
const evidenceMsMax = 90_000
/** A machine whose owner has paused work is not waited for longer. */
export const executionMsMax = 5 * 60_000
/** Of one reporter's identity; an honest one shows one every two minutes. */
export const reportsPerMinuteMax = 2
/** Against one worker, with as many at once: it could be its own reporter, and every verdict is kept for ever. */
export const finesPerHourMax = 20
const rememberedMax = 1_024
const sealedBytesMax = evidenceBytesMax + (1 << 10)

export interface ResultDesk {
  readonly onWrongResult: (from: NodeId, report: WireBody<'wrong-result'>) => Promise<void>
  readonly onEvidence: (from: NodeId, chunk: WireBody<'evidence'>) => void
  readonly onLeft: (id: NodeId) => void
  readonly close: () => void
}

interface Report {
  readonly claim: Claim
  /** The reporter's fresh key. */
  readonly from: Bytes
  readonly own: KemKeyPair
  readonly signature: Signature
  readonly assembly: Assembly
  readonly untilMs: number
  stopWaiting: () => void
  whole?: Sealed
}

export const createResultDesk = ({
  clock,
  verifier,
  rules,
  signer,
  network,
  replica,
  reexecution,
  found,
}: {
  readonly clock: Clock
  readonly verifier: Verifier
  readonly rules: Pick<LedgerRules, 'swarm'>
  /** The witness's key. */
  readonly signer: Signer
  readonly network: Pick<Network, 'peer' | 'send' | 'blame'>
  readonly replica: Pick<Replica, 'account' | 'verdicts'>
  /** Undefined: this witness abstains. */
  readonly reexecution: Reexecution | undefined
  /** This witness did the work again, and it came out otherwise. False: it could not sign that now. */
  readonly found: (finding: Finding) => Promise<boolean>
}): ResultDesk => {
  const open = new Map<NodeId, Report>()
  /** By agreement: whether the worker was right. */
  const judged = new Map<string, boolean>()
  const reporters = createKeyedRate(clock, reportsPerMinuteMax, rememberedMax)
  const workers = createKeyedRate(clock, finesPerHourMax / 60, rememberedMax, finesPerHourMax)
  const serial = createSerial()
  const closing = new AbortController()

  const say = async (to: NodeId, { claim, own, signature }: Pick<Report, 'claim' | 'own' | 'signature'>): Promise<void> => {
    const key = { witness: signer.publicKey, kem: own.publicKey, signature }
    await network.send(to, ['evidence?', { agreement: claim.agreement, key }])
  }
  const findingOf = ({ worker, agreement }: Claim): Finding => ({
    target: worker,
    reason: 'InvalidResult',
    offence: offenceOf.invalidResult(agreement),
  })
  const isKnown = async (finding: Finding): Promise<boolean> =>
    (await replica.verdicts.verdicts(finding.target)).some((verdict) => verdictKey(verdict) === verdictKey(finding))
  /** Whoever has no account has nothing to lose, by a fine or by a false report. */
  const isMember = async (key: PublicKey): Promise<boolean> => (await replica.account(key)) !== undefined
  const judges = async (claim: Claim): Promise<boolean> =>
    (reexecution?.engine.classes().some(({ resultClass }) => resultClass === claim.resultClass) ?? false) &&
    !judged.has(toHex(claim.agreement)) &&
    (await isMember(claim.requester)) &&
    (await isMember(claim.worker)) &&
    !(await isKnown(findingOf(claim)))

  const end = (from: NodeId, report: Report): void => {
    report.stopWaiting()
    if (open.get(from) === report) open.delete(from)
  }
  /** It has kept one of few places, for nothing. */
  const lapse = (from: NodeId, report: Report): void => {
    end(from, report)
    network.blame(from, 'evidence: it has not come')
  }
  /** Each part that comes prolongs it. */
  const wait = (from: NodeId, report: Report): void => {
    report.stopWaiting()
    const forMs = Math.min(evidenceWaitMs, report.untilMs - clock.now())
    report.stopWaiting = clock.after(forMs, () => lapse(from, report))
  }
  const remember = (agreement: Bytes, right: boolean): void => {
    judged.set(toHex(agreement), right)
    if (judged.size > rememberedMax) judged.delete(judged.keys().next().value!)
  }

  const again = async ({ model, texts }: EmbeddingPayload): ReturnType<Engine['embed']> => {
    const abort = new AbortController()
    const stop = (): void => abort.abort()
    closing.signal.addEventListener('abort', stop)
    const stopTimer = clock.after(executionMsMax, stop)
    return reexecution!.engine.embed({ model, texts, signal: abort.signal }).finally(() => {
      stopTimer()
      closing.signal.removeEventListener('abort', stop)
    })
  }
  const judge = async (by: NodeId, { claim, from, own, whole }: Report): Promise<void> => {
    const { agreement, resultClass } = claim
    // Another reporter's turn, or another witness, may have settled it meanwhile.
    if (closing.signal.aborted || judged.has(toHex(agreement)) || (await isKnown(findingOf(claim)))) return
    const opened = await reexecution!.sealer.open({ agreement, direction: 0, from, ownPrivate: own.privateKey, ...whole! })
    if (!opened.ok) return network.blame(by, 'evidence: damaged')
    const evidence = openEvidence(claim, opened.value)
    if (!evidence.ok) return network.blame(by, `evidence: ${evidence.error}`)
    const { payload, output } = evidence.value
    const done = await again(payload)
    // Where it cannot be done here in this class, nothing is said of it.
    if (closing.signal.aborted || !done.ok || done.value.resultClass !== resultClass) return
    const { vectors, dimension, truncated } = done.value
    const right = output !== null && embedding.agree({ output: { vectors, dimension, truncated }, resultClass }, { output, resultClass })
    if (right) {
      remember(agreement, true)
      return network.blame(by, 'wrong-result: it is right')
    }
    // Counted here alone: what is only said against a worker must not use up what is proved.
    if (workers.take(toHex(claim.worker)) && (await found(findingOf(claim)))) remember(agreement, false)
  }

  return {
    onWrongResult: async (from, { agreement, result, kem }) => {
      const peer = network.peer(from)
      if (!peer) return
      const checked = await checkClaim(verifier, rules.swarm, clock.now(), { agreement, result })
      if (!checked.ok && checked.error !== 'expired') return network.blame(from, `wrong-result: ${checked.error}`)
      if (!checked.ok) return
      const claim = checked.value
      if (!equalBytes(claim.requester, peer.device)) return network.blame(from, 'wrong-result: of another requester')
      if (judged.get(toHex(claim.agreement)) === true) return network.blame(from, 'wrong-result: it is right')
      const before = open.get(from)
      // Asked again, or in another life of its own: the key of before is no use where it has another by now.
      if (before && equalBytes(before.from, kem) && equalBytes(before.claim.agreement, claim.agreement)) return say(from, before)
      if (!(await judges(claim))) return void (await network.send(from, ['evidence?', { agreement: claim.agreement, key: null }]))
      if (open.has(from) || open.size >= reportsOpenMax) return
      if (!reporters.take(toHex(peer.root))) return
      const own = await reexecution!.sealer.generateKeyPair()
      const signature = await signer.sign(evidenceKeyMessage(rules.swarm, claim.agreement, own.publicKey))
      if (open.has(from) || open.size >= reportsOpenMax || closing.signal.aborted) return
      const report: Report = {
        ...{ claim, from: kem, own, signature, stopWaiting: () => {}, untilMs: clock.now() + evidenceMsMax },
        assembly: createAssembly(sealedBytesMax),
      }
      open.set(from, report)
      wait(from, report)
      await say(from, report)
    },
    onEvidence: (from, chunk) => {
      const report = open.get(from)
      // What comes late, or twice.
      if (!report || report.whole || !equalBytes(report.claim.agreement, chunk.agreement)) return
      const whole = report.assembly.add(chunk)
      if (whole === 'incomplete') return wait(from, report)
      if (whole === 'too-large') {
        end(from, report)
        return network.blame(from, 'evidence: too large')
      }
      report.whole = whole
      report.stopWaiting()
      // A store or signer that is away: this witness says nothing of it, and may be shown it again.
      void serial('judge', () => judge(from, report))
        .catch(() => {})
        .finally(() => end(from, report))
    },
    onLeft: (id) => {
      const report = open.get(id)
      if (report && !report.whole) lapse(id, report)
    },
    close: () => {
      closing.abort()
      for (const [id, report] of [...open]) end(id, report)
    },
  }
}
