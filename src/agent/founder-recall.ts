/**
 * Before a founder's witness signs anything in a new session of its browser, it asks members what it signed (keepsakes.ts): its
 * profile may be an old copy. A member shows that it keeps the founder's chains by the founder's own last entries, which are asked
 * for too; the answer of one such is enough, and all others who are there or come meanwhile are given time. Where nobody shows what was
 * given it waits, and says so: only its founder can decide to go on. Where nothing was given (a swarm made alone), any answer counts.
 *
 * What it cannot know is what only absent members know. So as many as possible are given copies (founder.ts).
 */
import type { NodeId, PublicKey, Verifier } from '../identity/keys.ts'
import type { LedgerRules } from '../ledger/rules.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Network } from '../network/network.ts'
import { checkKept, type Kept } from './keepsakes.ts'

/** Those who do not answer are asked again: they may not have known yet who asks. */
const askEveryMs = 2_000
/** After the first keeper's answer the others have this long. */
const othersMs = 6_000
/** Keepers have this long to come before they are missed. */
const keepersMs = 30_000

/** A chain that is asked for. */
export interface Asked {
  readonly author: PublicKey
  /** What is new has this number or a higher one. */
  readonly from: number
  /** Entries before it that are here and that members were given, oldest first; none: whoever answers counts as its keeper. */
  readonly held: readonly Kept[]
}

/** By author's hex; each rising by number. */
export type Recalled = ReadonlyMap<string, readonly Kept[]>

export interface Recall {
  /** Resolves once somebody has answered, and the others had their time; undefined: ended before. */
  readonly recalled: Promise<Recalled | undefined>
  /** With what has been told so far: its founder takes it that no keeper comes any more. */
  readonly goOn: () => void
  readonly end: () => void
}

export const startRecall = ({
  clock,
  network,
  verifier,
  rules,
  chains,
  missed,
  introduce,
}: {
  readonly clock: Clock
  readonly network: Pick<Network, 'peers' | 'send' | 'onMessage' | 'onPeer'>
  readonly verifier: Verifier
  readonly rules: Pick<LedgerRules, 'swarm' | 'witnesses'>
  readonly chains: readonly Asked[]
  /** Called once, where keepers have not come for long. */
  readonly missed: () => void
  /** Says who asks. */
  readonly introduce: (to: NodeId) => void
}): Recall => {
  /** How many chains each has told to the end. */
  const told = new Map<NodeId, number>()
  /** Of which chains each has brought an entry that is here. */
  const shown = new Map<NodeId, Set<string>>()
  const toShow = chains.filter(({ held }) => held.length > 0).length
  const found = new Map<string, Map<number, Kept>>(chains.map(({ author }) => [toHex(author), new Map()]))
  const nodes = (): readonly NodeId[] => network.peers().flatMap((peer) => (peer.role === 'node' ? [peer.id] : []))
  const answered = (id: NodeId): boolean => (told.get(id) ?? 0) >= chains.length
  const keeps = (id: NodeId): boolean => (shown.get(id)?.size ?? 0) === toShow
  let keeperMs: number | undefined
  const startMs = clock.now()
  let isMissed = false
  let checking: Promise<unknown> = Promise.resolve()
  let finish: (recalled: Recalled | undefined) => void = () => {}
  let stopTimer = (): void => {}

  const ask = (id: NodeId): void => {
    told.set(id, 0)
    introduce(id)
    for (const { author, from, held } of chains) void network.send(id, ['range?', { author, from: held[0]?.certificate.seq ?? from }])
  }
  const goOn = (): void =>
    void checking.then(() =>
      finish(
        new Map([...found].map(([author, kept]) => [author, [...kept.values()].sort((a, b) => a.certificate.seq - b.certificate.seq)])),
      ),
    )
  const look = (): void => {
    const past = (sinceMs: number | undefined, ms: number): boolean => sinceMs !== undefined && clock.now() - sinceMs >= ms
    if (past(keeperMs, othersMs)) return goOn()
    if (toShow === 0 || isMissed || keeperMs !== undefined || !past(startMs, keepersMs)) return
    isMissed = true
    missed()
  }
  const round = (): void => {
    for (const id of nodes()) if (!answered(id)) ask(id)
    look()
    stopTimer = clock.after(askEveryMs, round)
  }
  const stopPeers = network.onPeer((peer, change) => {
    if (change === 'joined' && peer.role === 'node') ask(peer.id)
  })
  const stopMessages = network.onMessage((from, [type, body], forwarded) => {
    if (type !== 'entries' || forwarded || !told.has(from)) return
    if (body.entries.length === 0 && body.certificate === null) {
      told.set(from, told.get(from)! + 1)
      if (answered(from) && keeps(from)) keeperMs ??= clock.now()
      return
    }
    const author = body.certificate ? toHex(body.certificate.author) : ''
    const chain = found.get(author)
    const asked = chains.find((one) => toHex(one.author) === author)
    if (!chain || !asked) return
    const [entry] = body.entries
    if (entry && asked.held.some((one) => equalBytes(one.entry, entry))) {
      shown.set(from, (shown.get(from) ?? new Set()).add(author))
      return
    }
    if (body.certificate!.seq < asked.from) return
    checking = Promise.all([checking, checkKept(verifier, rules, body).then((kept) => kept && chain.set(kept.certificate.seq, kept))])
  })

  const recalled = new Promise<Recalled | undefined>((resolve) => {
    finish = (result) => {
      stopTimer()
      stopPeers()
      stopMessages()
      resolve(result)
    }
  })
  round()
  return { recalled, goOn, end: () => finish(undefined) }
}
