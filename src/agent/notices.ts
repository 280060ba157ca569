/**
 * The founder's notices in a running node or relay: heard, kept, handed on, and put in force.
 *
 * | said    | when                                                | and                                                        |
 * | ------- | --------------------------------------------------- | ---------------------------------------------------------- |
 * | notice? | a peer comes; what is known here has changed        | whoever knows more sends it, whoever knows less asks back    |
 * | notice  | the one who asked lacks it                          | checked against the swarm's id, kept, then told to all others |
 *
 * So a new notice is announced by version and hash to every neighbour and fetched once, and who was away learns of it with its
 * first link. That the founder signed two histories travels the same way: it takes both notices, and proves itself.
 */
import { noNotices, type Notices, takeNotice } from '../economy/notice-book.ts'
import { type KnownNotice, openNotice, verifyNotice } from '../economy/notice-codec.ts'
import { admits, type Terms, termsOf } from '../economy/notice.ts'
import { swarmIdOf } from '../economy/policy-codec.ts'
import type { Policy } from '../economy/policy.ts'
import type { NodeId, Verifier } from '../identity/keys.ts'
import { type Bytes, equalBytes } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { createSerial } from '../lib/serial.ts'
import type { Network } from '../network/network.ts'
import type { WireBody, WireMessage } from '../network/wire.ts'

/** Whoever was asked and has not answered within this time is not waited for. */
const answerMs = 10_000

/** Bytes of the notices, as they are kept. */
export interface KeptNotices {
  readonly newest: Bytes | undefined
  readonly against: Bytes | undefined
}

export type Taken = 'taken' | 'known' | 'refused' | 'not-stored'

export interface NoticeKeeper {
  readonly terms: () => Terms
  readonly version: () => number
  readonly newest: () => KnownNotice | undefined
  /** Whether none of these keys, a device's or an identity's, is on the block list. */
  readonly admits: (...keys: readonly Uint8Array[]) => boolean
  /** The founder has signed two histories. */
  readonly contradicted: () => boolean
  /** One that was made here or handed in, as if a peer had brought it. */
  readonly take: (bytes: Bytes) => Promise<Taken>
  readonly onMessage: (from: NodeId, message: WireMessage) => Promise<void>
  readonly close: () => void
}

export const createNoticeKeeper = (
  {
    clock,
    verifier,
    network,
    policy,
  }: { readonly clock: Clock; readonly verifier: Verifier; readonly network: Network; readonly policy: Policy },
  kept: KeptNotices,
  {
    keep,
    changed,
  }: {
    /** On disk before it resolves with true; only then it is in force and handed on. */
    readonly keep: (given: Bytes, all: KeptNotices) => Promise<boolean>
    /** What holds has changed. */
    readonly changed: () => void
  },
): NoticeKeeper => {
  const swarm = swarmIdOf(policy)
  const serial = createSerial()
  const opened = (bytes: Bytes | undefined): KnownNotice | undefined => {
    const one = bytes && openNotice(bytes)
    return one?.ok ? one.value : undefined
  }
  let notices: Notices = { ...noNotices, newest: opened(kept.newest), against: opened(kept.against) }
  /** Who was asked for what is lacking here. */
  let asked: NodeId | undefined

  const terms = (): Terms => termsOf(policy, notices.newest?.notice)
  const version = (): number => notices.newest?.notice.version ?? 0
  const hash = (): Bytes => notices.newest?.hashes.at(-1) ?? swarm
  /** As heard, of those that were not asked because another one was. */
  const announced = new Map<NodeId, WireBody<'notice?'>>()
  let stopWaiting = (): void => {}
  const question = (): WireMessage => ['notice?', { version: version(), hash: hash(), contradicted: notices.against !== undefined }]
  let admitted = admits(terms())
  const enforce = (): void => {
    admitted = admits(terms())
    network.ground({ relays: terms().relays, admits: admitted })
  }

  const take = (bytes: Bytes, from?: NodeId): Promise<Taken> =>
    serial('notices', async () => {
      const checked = await verifyNotice(verifier, bytes, { swarm, founder: policy.founder })
      if (!checked.ok) return 'refused'
      const next = takeNotice(notices, checked.value)
      if (next === notices) return 'known'
      if (!(await keep(bytes, { newest: next.newest?.bytes, against: next.against?.bytes }))) return 'not-stored'
      notices = next
      enforce()
      changed()
      for (const { id } of network.peers()) if (id !== from) void network.send(id, question())
      return 'taken'
    })

  /** Of two of one version either may be the one that holds: both sides then come to have both. */
  const isBehind = (said: WireBody<'notice?'>): boolean =>
    (said.version >= version() && !equalBytes(said.hash, hash())) || (said.contradicted && notices.against === undefined)
  /** One peer at a time: what the others have announced is the same, mostly. */
  const ask = (id: NodeId): void => {
    asked = id
    stopWaiting()
    stopWaiting = clock.after(answerMs, askNext)
    void network.send(id, question())
  }
  const askNext = (): void => {
    stopWaiting()
    asked = undefined
    for (const [id, said] of announced) {
      announced.delete(id)
      if (isBehind(said)) return ask(id)
    }
  }
  const onQuestion = async (from: NodeId, said: WireBody<'notice?'>): Promise<void> => {
    const { newest, against } = notices
    if (newest && said.version <= version() && !equalBytes(said.hash, hash())) await network.send(from, ['notice', { bytes: newest.bytes }])
    if (against && !said.contradicted) await network.send(from, ['notice', { bytes: against.bytes }])
    if (!isBehind(said)) return
    if (asked === undefined) ask(from)
    else if (asked !== from) announced.set(from, said)
  }

  const stopPeers = network.onPeer((peer, change) => {
    if (change === 'joined') return void network.send(peer.id, question())
    announced.delete(peer.id)
    if (asked === peer.id) askNext()
  })
  enforce()
  for (const { id } of network.peers()) void network.send(id, question())

  return {
    terms,
    version,
    newest: () => notices.newest,
    admits: (...keys) => admitted(...keys),
    contradicted: () => notices.against !== undefined,
    take: (bytes) => take(bytes),
    onMessage: async (from, [type, body]) => {
      if (type === 'notice?') return onQuestion(from, body)
      if (type !== 'notice') return
      const taken = await take(body.bytes, from)
      if (taken === 'refused') network.blame(from, 'notice')
      if (asked === from) askNext()
    },
    close: () => {
      stopPeers()
      stopWaiting()
    },
  }
}
