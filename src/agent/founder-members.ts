/** Who is in the swarm, as its founder sees them: whoever has an account, is linked, or is on the block list. Pure. */
import type { LedgerView } from './relay-ledger.ts'

/** Beyond these a swarm wants a relay and its `/ledger.json`. */
const membersShownMax = 500

export interface FounderMember {
  /** Root key; a key of the block list that nobody here is known by stands for itself. */
  readonly identity: string
  readonly devices: readonly string[]
  /** Linked with the founder now. */
  readonly here: boolean
  readonly blocked: boolean
}

export const membersOf = ({
  accounts,
  peers,
  blocked,
  self,
}: {
  readonly accounts: readonly Pick<LedgerView['accounts'][number], 'author' | 'identity' | 'role'>[]
  readonly peers: readonly { readonly id: string; readonly identity: string }[]
  readonly blocked: readonly string[]
  /** The founder's own identity. */
  readonly self: string
}): readonly FounderMember[] => {
  const devices = new Map<string, Set<string>>()
  const know = (identity: string, device?: string): void => {
    const known = devices.get(identity) ?? new Set()
    if (device !== undefined) known.add(device)
    devices.set(identity, known)
  }
  for (const { author, identity, role } of accounts) if (identity !== null && role === 'member') know(identity, author)
  for (const { id, identity } of peers) know(identity, id)
  const known = new Set([...devices].flatMap(([identity, own]) => [identity, ...own]))
  for (const key of blocked) if (!known.has(key)) know(key)
  const refused = new Set(blocked)
  return [...devices]
    .filter(([identity]) => identity !== self)
    .map(([identity, own]) => ({
      identity,
      devices: [...own],
      here: peers.some((peer) => peer.identity === identity),
      blocked: refused.has(identity),
    }))
    .sort((a, b) => Number(b.here) - Number(a.here) || (a.identity < b.identity ? -1 : 1))
    .slice(0, membersShownMax)
}
