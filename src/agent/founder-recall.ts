/**
 * Before a founder's witness signs anything in a new session of its browser, it asks members what it signed (keepsakes.ts): its
 * profile may be an old copy. One member's answer is enough, but all who are there are heard; whoever comes meanwhile as well.
 *
 * What it cannot know is what only absent members know. So as many as possible are given copies (founder.ts).
 */
import type { NodeId, PublicKey, Verifier } from '../identity/keys.ts'
import type { LedgerRules } from '../ledger/rules.ts'
import { toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Network } from '../network/network.ts'
import { checkKept, type Kept } from './keepsakes.ts'

/** Those who do not answer are asked again: they may not have known yet who asks. */
const askEveryMs = 2_000
/** After the first answer the others have this long. */
const othersMs = 6_000

/** A chain that is asked for, from this number on. */
export interface Asked {
  readonly author: PublicKey
  readonly from: number
}

/** By author's hex; each rising by number. */
export type Recalled = ReadonlyMap<string, readonly Kept[]>

export interface Recall {
  /** Resolves once somebody has answered, and the others have or had their time; undefined: ended before. */
  readonly recalled: Promise<Recalled | undefined>
  readonly end: () => void
}

export const startRecall = ({
  clock,
  network,
  verifier,
  rules,
  chains,
  introduce,
}: {
  readonly clock: Clock
  readonly network: Pick<Network, 'peers' | 'send' | 'onMessage' | 'onPeer'>
  readonly verifier: Verifier
  readonly rules: Pick<LedgerRules, 'swarm' | 'witnesses'>
  readonly chains: readonly Asked[]
  /** Says who asks. */
  readonly introduce: (to: NodeId) => void
}): Recall => {
  /** How many chains each has told to the end. */
  const told = new Map<NodeId, number>()
  const found = new Map<string, Map<number, Kept>>(chains.map(({ author }) => [toHex(author), new Map()]))
  const nodes = (): readonly NodeId[] => network.peers().flatMap((peer) => (peer.role === 'node' ? [peer.id] : []))
  const answered = (id: NodeId): boolean => (told.get(id) ?? 0) >= chains.length
  let firstMs: number | undefined
  let checking: Promise<unknown> = Promise.resolve()
  let finish: (recalled: Recalled | undefined) => void = () => {}
  let stopTimer = (): void => {}

  const ask = (id: NodeId): void => {
    told.set(id, 0)
    introduce(id)
    for (const { author, from } of chains) void network.send(id, ['range?', { author, from }])
  }
  const look = (): void => {
    if (firstMs !== undefined && (nodes().every(answered) || clock.now() - firstMs >= othersMs))
      void checking.then(() =>
        finish(
          new Map([...found].map(([author, kept]) => [author, [...kept.values()].sort((a, b) => a.certificate.seq - b.certificate.seq)])),
        ),
      )
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
      if (answered(from)) firstMs ??= clock.now()
      return look()
    }
    const chain = body.certificate && found.get(toHex(body.certificate.author))
    if (!chain) return
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
  return { recalled, end: () => finish(undefined) }
}
