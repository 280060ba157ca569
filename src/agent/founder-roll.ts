/**
 * The roll of a founder's swarm: who is in it and was here when, and which accounts its founder, as the witness's owner, closes
 * (spec: ledger.md, *Verdicts*).
 *
 * | table | key      | value                                                                          |
 * | ----- | -------- | ------------------------------------------------------------------------------ |
 * | seen  | identity | when it was linked last, in ms; only of one with an account here: other keys cost nothing |
 */
import type { PublicKey } from '../identity/keys.ts'
import { isJudged, type JudgedReason } from '../ledger/verdict.ts'
import { type Bytes, equalBytes, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { createSerial } from '../lib/serial.ts'
import type { Store, Write } from '../lib/store.ts'
import type { Peer } from '../network/network.ts'
import { type Closing, type FounderMember, membersOf } from './founder-members.ts'
import type { RelayNode } from './relay.ts'

/** not-founder: witnesses are elsewhere. own: the founder's or the issuer's, which would end the swarm. */
export type JudgeError =
  | { readonly type: 'judge'; readonly reason: 'not-founder' | 'not-serving' | 'own' }
  | { readonly type: 'storage'; readonly message: string }

/** Identities that are linked between two reads. */
const linksMax = 1_000

export interface FounderRoll {
  readonly members: () => readonly FounderMember[]
  /** Something of it may have changed. */
  readonly stale: () => void
  /** Brings it up to date, where it is not. */
  readonly read: (node: RelayNode) => Promise<void>
  readonly onPeer: (peer: Pick<Peer, 'root'>) => void
  /**
   * Finds, for good, that an account is to be closed. Ok: that is on disk, and signed now or as soon as the vault does; `members`
   * tells how far it is.
   */
  readonly judge: (node: RelayNode | undefined, target: PublicKey, reason: JudgedReason) => Promise<Result<void, JudgeError>>
}

export const createFounderRoll = ({
  clock,
  store,
  self,
  issuer,
  needed,
  peers,
  blocked,
  changed,
}: {
  readonly clock: Clock
  readonly store: Store
  readonly self: { readonly device: PublicKey; readonly root: PublicKey }
  readonly issuer: PublicKey
  /** Witnesses whose signatures make a verdict. */
  readonly needed: number
  readonly peers: () => readonly Pick<Peer, 'id' | 'root' | 'role'>[]
  /** The block list in force, in hex. */
  readonly blocked: () => readonly string[]
  readonly changed: () => void
}): FounderRoll => {
  let members: readonly FounderMember[] = []
  let stale = true
  /** By identity when it was linked, since the last read; the newest last. */
  const links = new Map<string, number>()
  /** What is read later is written over what was read earlier. */
  const serial = createSerial()

  const closingsOf = async (node: RelayNode, verdicts: readonly { readonly target: string; readonly reason: string }[]) => {
    const closings = new Map<string, Closing>()
    for (const { target, reason, signed } of await node.judgements())
      if (isJudged(reason)) closings.set(toHex(target), { reason, signed, needed })
    // What is a verdict is one whoever found it.
    for (const { target, reason } of verdicts) if (isJudged(reason)) closings.set(target, { reason, signed: needed, needed })
    return closings
  }

  /** When each was linked last, of those that have an account; of others nothing is kept. */
  const seenOf = async (holders: ReadonlySet<string>, here: readonly { readonly identity: string }[]): Promise<Map<string, number>> => {
    const seen = new Map((await store.list('seen')) as readonly (readonly [string, number])[])
    const writes: Write[] = []
    for (const key of [...seen.keys()]) if (!holders.has(key) && seen.delete(key)) writes.push({ table: 'seen', key, remove: true })
    // Whoever is here has perhaps got its account since it came.
    const came = here.flatMap(({ identity }) => (seen.has(identity) ? [] : [[identity, clock.now()] as const]))
    for (const [key, value] of [...came, ...links])
      if (holders.has(key)) {
        seen.set(key, value)
        writes.push({ table: 'seen', key, value })
      }
    links.clear()
    // Where it cannot be stored it is not known: nothing hangs on it.
    if (writes.length > 0) void store.commit(writes).catch(() => {})
    return seen
  }

  const write = async (node: RelayNode): Promise<void> => {
    const ledger = await node.ledger()
    const here = peers().flatMap(({ id, root, role }) => (role === 'node' ? [{ id, identity: toHex(root) }] : []))
    const seen = await seenOf(new Set(ledger.accounts.flatMap(({ identity }) => identity ?? [])), here)
    const closings = await closingsOf(node, ledger.verdicts)
    members = membersOf({
      ledger,
      closings,
      peers: here,
      seen,
      blocked: blocked(),
      self: toHex(self.root),
    })
    // What is not signed by enough yet is looked at until it is.
    stale ||= [...closings.values()].some(({ signed }) => signed < needed)
    changed()
  }
  const read = (node: RelayNode): Promise<void> =>
    serial('read', async () => {
      if (!stale) return
      stale = false
      await write(node).catch((error: unknown) => {
        stale = true
        throw error
      })
    })

  return {
    members: () => members,
    stale: () => void (stale = true),
    read,
    onPeer: ({ root }) => {
      stale = true
      const [oldest] = links.size < linksMax ? [] : links.keys()
      if (oldest !== undefined) links.delete(oldest)
      links.delete(toHex(root))
      links.set(toHex(root), clock.now())
    },
    judge: async (node, target, reason) => {
      if (isOwn([self.device, self.root, issuer], target)) return err({ type: 'judge', reason: 'own' })
      if (!node) return err({ type: 'judge', reason: 'not-serving' })
      const signed = await node.judge(target, reason).catch(() => false)
      const kept =
        signed || (await node.judgements().catch(() => [])).some((known) => equalBytes(known.target, target) && known.reason === reason)
      if (!kept) return err({ type: 'storage', message: 'the finding could not be stored' })
      stale = true
      // It is on disk, however the list is read: that is tried again.
      await read(node).catch(() => {})
      return ok(undefined)
    },
  }
}

const isOwn = (own: readonly Bytes[], target: Bytes): boolean => own.some((key) => equalBytes(key, target))
