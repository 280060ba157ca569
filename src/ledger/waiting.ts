/**
 * What the certificates in the pool wait for: an entry of their own chain, or what somebody else's chain has not come to. Each is
 * tried again when that is there, and not with every word from its author: a chain that waits, however long, would be folded anew
 * with each entry of it that comes.
 */
import type { NodeId } from '../identity/keys.ts'
import { toHex } from '../lib/bytes.ts'
import type { Certificate, EntryId } from './types.ts'

/** The entry that lacks; null: another author's, who says so when there is more of it (`changed`). */
export type Lack = EntryId | null

export interface Waiting {
  /** Of these, all that is in the pool of one author, those that do not wait. */
  readonly ready: (author: NodeId, certificates: readonly Certificate[], isHere: (id: EntryId) => boolean) => readonly Certificate[]
  /** What the certificate on this entry waits for: so do all on entries above it. */
  readonly lackOf: (author: NodeId, id: EntryId) => Lack | undefined
  readonly hold: (certificate: Certificate, lack: Lack) => void
  readonly forAuthor: (author: NodeId, other: NodeId) => void
  /** What is kept of it was written anew: its own certificates no longer wait, nor those that wait for it. */
  readonly retry: (author: NodeId) => void
  /** It went on: the same, and told is who waited for it. */
  readonly changed: (author: NodeId) => readonly NodeId[]
}

/** Authors remembered as waiting, and as waited for; of more, the oldest are tried with every word from them. */
const authorsMax = 4_096

export const createWaiting = (): Waiting => {
  /** By author and certified entry. */
  const held = new Map<NodeId, Map<string, Lack>>()
  /** Whom others wait for, and who these are. */
  const awaited = new Map<NodeId, Set<NodeId>>()

  const retry = (author: NodeId): void => {
    for (const one of [author, ...(awaited.get(author) ?? [])]) held.delete(one)
  }
  return {
    ready: (author, certificates, isHere) => {
      const before = held.get(author)
      if (!before) return certificates
      // What has left the pool meanwhile is forgotten.
      const still = new Map<string, Lack>()
      const ready = certificates.filter(({ id }) => {
        const lack = before.get(toHex(id))
        if (lack === undefined || (lack && isHere(lack))) return true
        still.set(toHex(id), lack)
        return false
      })
      if (still.size > 0) held.set(author, still)
      else held.delete(author)
      return ready
    },
    lackOf: (author, id) => held.get(author)?.get(toHex(id)),
    hold: ({ author, id }, lack) => {
      const key = toHex(author)
      held.set(key, (held.get(key) ?? new Map<string, Lack>()).set(toHex(id), lack))
      const [oldest] = held.size > authorsMax ? held.keys() : []
      if (oldest !== undefined) held.delete(oldest)
    },
    forAuthor: (author, other) => {
      awaited.set(other, (awaited.get(other) ?? new Set()).add(author))
      const [oldest] = awaited.size > authorsMax ? awaited.keys() : []
      if (oldest === undefined) return
      retry(oldest)
      awaited.delete(oldest)
    },
    retry,
    changed: (author) => {
      retry(author)
      const waiters = [...(awaited.get(author) ?? [])]
      awaited.delete(author)
      return waiters
    },
  }
}
