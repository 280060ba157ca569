/**
 * A swarm's relay as an agent: witness, full replica and, in one of a swarm's relays, issuer behind the wire's questions
 * (spec: network.md, *The relay*).
 *
 * | asked      | answered                                                                                  |
 * | ---------- | ----------------------------------------------------------------------------------------- |
 * | policy?    | policy                                                                                    |
 * | redeem     | entries: the issuer's payment and its certificate; or refused; nothing where the issuer is elsewhere |
 * | balance?   | balance: an account in the newest checkpoint, or in the predecessor's state (relay-succession.ts) |
 * | carry      | the issuer's payment, as to whoever it pays; or refused; nothing where the issuer is elsewhere |
 * | certify    | entries without entries: the certificate; or, where a number is taken, what stands there, then refused |
 * | head?      | head; to the author itself before it entries: what was signed here and is not certified   |
 * | devices?   | devices, here and in the predecessor, then entries: certified payments to them that they have not claimed; verdicts against them |
 * | range?     | entries: payers' entries that the chain claims, then the chain up to a certified entry    |
 * | entries    | nothing: taken into the replica, and passed on to the swarm's other relays                |
 * | wrong-result, evidence | evidence?; the work is done again, and judged (relay-results.ts)                |
 * | fraud, broken | nothing: kept and shown to everyone, if it proves what it says                          |
 *
 * What relays say among themselves stands in network/wire-relays.ts and is answered in relay-facts.ts.
 *
 * Only bound peers are answered, never forwarded words. What is answered is on disk. Where no answer goes out (too much at
 * once, a store that fails), the asker asks again.
 */
import type { SignedPolicy } from '../economy/policy.ts'
import { createIssuer, type Issuer, type RedeemError } from '../economy/issuer.ts'
import { encodeSignedPolicy, rulesOf } from '../economy/policy-codec.ts'
import { stampCheck } from '../economy/stamp.ts'
import type { DeviceCertificate, NodeId, PublicKey, Signer, Verifier } from '../identity/keys.ts'
import { parseEntry, type ParsedEntry, payLines } from '../ledger/entry.ts'
import { createOwnChain } from '../ledger/own-chain.ts'
import { quorumOf } from '../ledger/rules.ts'
import type { Certificate, JoinOp } from '../ledger/types.ts'
import { type JudgedReason, offenceOf } from '../ledger/verdict.ts'
import { createWitness, type WitnessRefusal } from '../ledger/witness.ts'
import { signBinding } from '../ledger/witness-binding.ts'
import { loadWitnessChain } from '../ledger/witness-chain.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import type { Store } from '../lib/store.ts'
import type { Network, Peer } from '../network/network.ts'
import type { WireBody, WireMessage } from '../network/wire.ts'
import { startRelayFacts } from './relay-facts.ts'
import { createEpochs } from './relay-epochs.ts'
import { type LedgerView, viewLedger } from './relay-ledger.ts'
import { createBlockLabels } from './relay-blocks.ts'
import { createQuorum } from './relay-quorum.ts'
import type { Reexecution } from './relay-results.ts'
import { devicesMax, devicesOf } from './relay-devices.ts'
import { penaltiesOf } from './relay-penalties.ts'
import { onWire } from './relay-segments.ts'
import { createSettling } from './relay-settling.ts'
import { createSuccessionDesk } from './relay-succession.ts'
import type { Judgement } from './relay-verdicts.ts'

export interface RelayDeps {
  readonly clock: Clock
  readonly random: Random
  readonly store: Store
  readonly verifier: Verifier
  readonly network: Network
  readonly signedPolicy: SignedPolicy
  readonly witness: Signer
  readonly issuer?: IssuerKeys | undefined
  /** Device keys of the swarm's other relays: their witnesses are asked to sign, their replicas kept like ours. */
  readonly others?: readonly PublicKey[]
  /** The key that this relay's links are bound to: nodes are told which witness it speaks for. Absent where the node beside it tells them. */
  readonly device?: PublicKey
  /** For how many checkpoints, one a day, what lies before them is kept; two at least. */
  readonly keepDays?: number | 'all'
  /** What the witness does work again with, to judge results; without it, it judges none. */
  readonly reexecution?: Reexecution | undefined
  /** Another than the honest one, in a build for tests. */
  readonly createWitness?: typeof createWitness
}

/** The issuer's device key and its certificate. */
export interface IssuerKeys {
  readonly signer: Signer
  readonly certificate: DeviceCertificate
}

/** A relay with the swarm's issuer. */
export interface RelayNode extends WitnessNode {
  readonly issuer: Pick<Issuer, 'createInvite' | 'invite' | 'invites' | 'revokeInvite' | 'append'>
}

export interface WitnessNode {
  readonly ledger: () => Promise<LedgerView>
  readonly counters: () => RelayCounters
  readonly standing: () => Promise<RelayStanding>
  /**
   * This witness's owner finds that the account is to be closed. It is when 2f+1 witnesses' owners have, for good.
   * False: it could not be stored or signed.
   */
  readonly judge: (target: PublicKey, reason: JudgedReason) => Promise<boolean>
  /** What its owner found so, and how many witnesses have signed it. */
  readonly judgements: () => Promise<readonly Judgement[]>
  /** Takes no more questions, and resolves when those under way are done. */
  readonly close: () => Promise<void>
}

/** Since the process began. */
export interface RelayCounters {
  readonly certified: number
  readonly certifyRefused: number
  readonly redeemed: number
  readonly redeemRefused: number
  /** Questions that came while too many were being answered. */
  readonly dropped: number
  /** Times that another relay had the same heads and verdicts and another state root. */
  readonly rootsDiffered: number
}

/** Of the ledger now. */
export interface RelayStanding {
  readonly verdicts: number
  /** Day of the newest checkpoint, in days since the epoch; 0: none. */
  readonly checkpointDay: number
  /** More witnesses lied than the swarm bears. */
  readonly broken: boolean
}

/** Questions being answered at once; how many one peer may ask per minute stands in network/limits.ts. */
const underWayMax = 256
/** Of one peer. */
const underWayPerPeerMax = 32
const reasonCharsMax = 200
export function startRelay(deps: RelayDeps & { readonly issuer: IssuerKeys }): Promise<RelayNode>
export function startRelay(deps: RelayDeps): Promise<WitnessNode>
export async function startRelay(deps: RelayDeps): Promise<WitnessNode> {
  const { clock, random, store, verifier, network, signedPolicy } = deps
  const rules = rulesOf(signedPolicy.policy)
  const policy = encodeSignedPolicy(signedPolicy)
  const others = new Set((deps.others ?? []).map(toHex))
  const needed = quorumOf(rules.witnesses.length)
  const checkStamp = stampCheck(rules.swarm, signedPolicy.policy.stampBits)
  const facts = await startRelayFacts({
    ...{ clock, random, store, verifier, network, rules, others },
    signer: deps.witness,
    makeWitness: (replica) =>
      (deps.createWitness ?? createWitness)({ store, replica, signer: deps.witness, verifier, rules, clock, checkStamp }),
    ingest: (from, part) => ingest(from, part),
    keepDays: deps.keepDays,
    reexecution: deps.reexecution,
  })
  const { replica, witness, chains, verdicts, incomes } = facts
  const quorum = createQuorum({ clock, network, verifier, rules, witness, others })
  const epochs = createEpochs(replica, rules)
  const settling = createSettling({ clock, replica, rules, epochs })
  /** Who asks again while its first question waits for the witnesses would only lengthen the queue. */
  const redeeming = new Set<NodeId>()
  /** Whoever the issuer pays and is here learns of it now; who asked for its grant is answered. */
  const tellPaid = (entry: ParsedEntry, certificate: Certificate): void => {
    for (const [payee] of payLines(entry.entry)) {
      const to = toHex(payee)
      const linked = network.peer(to) !== undefined
      if (linked && !redeeming.has(to)) void network.send(to, ['entries', { entries: [entry.bytes], certificate: onWire(certificate) }])
    }
  }

  const issuer =
    deps.issuer &&
    createIssuer({
      store,
      verifier,
      clock,
      random,
      chain: createOwnChain({ store, signer: deps.issuer.signer, verifier, rules, clock, sponsored: replica.records.sponsored }),
      join: joinOf(deps.issuer.certificate),
      certify: async (pending) => {
        const certificate = await quorum.certify(pending)
        const kept =
          certificate &&
          (await replica.ingest(
            pending.map(({ bytes }) => bytes),
            certificate,
            'issuer',
          ))
        if (!certificate || !kept?.ok) return undefined
        tellPaid(pending.at(-1)!, certificate)
        return certificate
      },
      due: settling.due,
    })
  // What a crash cut off between the issuer's entry and its certificate, or between an epoch's settle and its payments.
  await issuer?.finish()
  if (issuer && signedPolicy.policy.issuance.budgetMicro > 0) settling.start(issuer)

  const succession = createSuccessionDesk({
    ...{ store, verifier, rules, network, issuer, source: facts.source },
    predecessor: signedPolicy.policy.predecessor,
    latest: facts.view.checkpoint,
  })
  const blocks = createBlockLabels({ clock, random, network })
  const byAddress = signedPolicy.policy.independence === 'identity-and-address'
  let counters: RelayCounters = { certified: 0, certifyRefused: 0, redeemed: 0, redeemRefused: 0, dropped: 0, rootsDiffered: 0 }
  const count = (what: keyof RelayCounters): void => void (counters = { ...counters, [what]: counters[what] + 1 })
  const say = async (to: NodeId, ...messages: readonly WireMessage[]): Promise<void> => {
    for (const message of messages) await network.send(to, message)
  }

  const redeem = async (from: NodeId, { token, join }: WireBody<'redeem'>): Promise<void> => {
    const peer = network.peer(from)
    if (!issuer || !peer || redeeming.has(from)) return
    redeeming.add(from)
    const redeemed = await issuer.redeem({ token, join, device: peer.device }).finally(() => redeeming.delete(from))
    if (redeemed.ok) {
      count('redeemed')
      const { entry, certificate } = redeemed.value
      return say(from, ['entries', { entries: [entry.bytes], certificate: onWire(certificate) }])
    }
    if (redeemed.error.type !== 'redeem') return
    count('redeemRefused')
    await say(from, ['refused', { re: 'redeem', reason: redeemWords[redeemed.error.reason] }])
  }

  const certify = async (from: NodeId, { entries }: WireBody<'certify'>): Promise<void> => {
    const answer = await witness.submit(entries)
    if (answer.ok) {
      count('certified')
      return say(from, ['entries', { entries: [], certificate: onWire(answer.value.certificate) }])
    }
    const refusal = answer.error
    if (refusal.reason === 'storage') return
    count('certifyRefused')
    if (refusal.reason === 'malformed') network.blame(from, `certify: ${refusal.what}`)
    if (refusal.reason === 'taken') {
      verdicts.shown(entries, refusal.seq)
      await say(from, ...(await chains.shown(refusal.signed.entries, refusal.signed.certificate)))
    }
    if (refusal.reason === 'income-missing') await facts.lacks(refusal.payer, refusal.seq)
    const first = entries[0] && parseEntry(entries[0])
    const author = first?.ok ? { author: first.value.entry.author } : {}
    const seq = 'seq' in refusal ? { seq: refusal.seq } : {}
    await say(from, ['refused', { re: 'certify', reason: refusalText(refusal), ...author, ...seq }])
  }

  const range = async (from: NodeId, { author, from: seq }: WireBody<'range?'>): Promise<void> =>
    say(from, ...((await chains.from(author, seq))?.parts ?? []).map((body): WireMessage => ['entries', body]))

  const head = async (from: NodeId, { author }: WireBody<'head?'>): Promise<void> => {
    const own = from === toHex(author)
    if (own) await tellSigned(from, author)
    const block = byAddress ? blocks.of(author) : undefined
    const penalties = await penaltiesOf(replica.verdicts, author)
    const summary = (await replica.account(author)) ?? null
    await say(from, ['head', { author, summary, ...(penalties && { penalties }), ...(block && { block }) }])
    if (own) await incomes.tell(from, author)
  }
  /** A restored profile must not fork what only some witnesses have signed yet: with it, its author can complete it. */
  const tellSigned = async (from: NodeId, author: PublicKey): Promise<void> => {
    const tail = (await loadWitnessChain(store, replica.records, author)).tail.map(({ bytes }) => bytes)
    const answer = tail.length > 0 ? await witness.submit(tail) : undefined
    if (answer?.ok) await say(from, ...(await chains.shown(tail, answer.value.certificate)))
  }

  const ingest = async (from: NodeId, { entries, certificate }: WireBody<'entries'>): Promise<void> => {
    const partial = certificate !== null && certificate.signatures.length < needed
    if (partial) await verdicts.signed(certificate)
    if (entries.length === 0 && certificate && others.has(from)) return quorum.onCertificate(certificate)
    const taken = await replica.ingest(entries, certificate, from)
    if (!taken.ok) return
    for (const refusal of taken.value.refused)
      if (refusal.type === 'entry' || refusal.type === 'certificate' || refusal.type === 'invalid')
        network.blame(from, `entries: ${refusal.type}`)
  }

  const devices = async (from: NodeId, { identity }: WireBody<'devices?'>): Promise<void> => {
    const found = await devicesOf(replica, identity)
    const before = (await succession.devicesOf(identity)).filter((device) => !found.some((one) => equalBytes(one, device)))
    await say(from, ['devices', { identity, devices: [...found, ...before].slice(0, devicesMax) }])
    for (const device of found)
      if (toHex(device) !== from) {
        await incomes.tell(from, device)
        // What verdicts burned of it is not there to be taken over.
        await verdicts.onNode(from, device)
      }
  }

  const answer = async (from: NodeId, message: WireMessage): Promise<void> => {
    const [type, body] = message
    switch (type) {
      case 'policy?':
        return say(from, ['policy', { bytes: policy }])
      case 'redeem':
        return redeem(from, body)
      case 'certify':
        return certify(from, body)
      case 'entries':
        return ingest(from, body)
      case 'head?':
        return head(from, body)
      case 'range?':
        return range(from, body)
      case 'devices?':
        return devices(from, body)
      case 'balance?':
        return succession.onBalance(from, body)
      case 'carry':
        return succession.onCarry(from, body)
      default:
        return facts.answer(from, message)
    }
  }

  const binding = deps.device && (await signBinding(deps.witness, rules.swarm, deps.device))
  const welcome = async ({ id, device }: Peer): Promise<void> => {
    if (binding) await say(id, ['witness', binding])
    await incomes.tell(id, device)
  }
  const stopTelling = network.onPeer((peer, change) => {
    if (change !== 'joined') return
    if (byAddress) blocks.see(peer.device)
    if (others.has(peer.id)) void issuer?.finish().catch(() => {})
    else if (peer.role === 'node') void welcome(peer).catch(() => {})
  })
  const underWay = new Map<Promise<void>, NodeId>()
  const stop = network.onMessage((from, message, forwarded) => {
    if (forwarded) return
    // Who asks and does not read holds its own places only.
    const ofPeer = [...underWay.values()].filter((id) => id === from).length
    if (underWay.size >= underWayMax || ofPeer >= underWayPerPeerMax) return count('dropped')
    // A store that cannot be read: this answer does not go out, and the next question may fare better.
    const done = answer(from, message)
      .catch(() => {})
      .finally(() => underWay.delete(done))
    underWay.set(done, from)
  })

  return {
    ...(issuer && { issuer }),
    ledger: async () => viewLedger(replica, signedPolicy.policy, (await epochs.book()).view(), facts.view),
    standing: async () => ({
      verdicts: (await replica.verdicts.verdicts()).length,
      checkpointDay: (await facts.view.checkpoint())?.day ?? 0,
      broken: await facts.view.broken(),
    }),
    judgements: verdicts.judgements,
    judge: (target, reason) => verdicts.find({ target, reason, offence: offenceOf.judgement(target) }),
    counters: () => ({ ...counters, rootsDiffered: facts.rootsDiffered() }),
    close: async () => {
      stop()
      stopTelling()
      facts.close()
      settling.close()
      await Promise.all(underWay.keys())
    },
  }
}

const joinOf = ({ root, signature }: DeviceCertificate): JoinOp => ({
  op: 'join',
  identity: root,
  certificate: signature,
  stamp: new Uint8Array(0),
})

/** Shown to the person who pasted the link. */
const redeemWords: Readonly<Record<Extract<RedeemError, { type: 'redeem' }>['reason'], string>> = {
  malformed: 'The request for the grant could not be read.',
  'device-certificate': 'The request for the grant names another device than the one that asks.',
  unknown: 'This invite is not known here.',
  revoked: 'This invite has been withdrawn.',
  expired: 'This invite has expired.',
  'used-up': 'This invite has been used up.',
  'already-redeemed': 'You have redeemed this invite on another device.',
  exhausted: 'All grants of this swarm have been given.',
}

const refusalText = (refusal: WitnessRefusal): string => {
  const what = refusal.reason === 'malformed' || refusal.reason === 'invalid' ? `${refusal.reason}: ${refusal.what}` : refusal.reason
  return what.slice(0, reasonCharsMax)
}
