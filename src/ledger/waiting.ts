/**
 * What the certificates in the pool wait for: an entry of their own chain, or what somebody else's chain has not come to. Each is
 * tried again when that is there, and not with every word from its author: a chain that waits, however long, would be folded anew
 * with each entry of it that comes.
 */
import type { NodeId } from '../identity/keys.ts'
import { toHex } from '../lib/bytes.ts'
import type { Certificate, EntryId } from './types.ts'

export interface Waiting {
  /** Of these, all that is in the pool of one author, those that do not wait. */
  readonly ready: (author: NodeId, certificates: readonly Certificate[], isHere: (id: EntryId) => boolean) => readonly Certificate[]
  readonly forEntry: (certificate: Certificate, id: EntryId) => void
  /** Not `held`: it is tried with every word from its own author as well. */
  readonly forAuthor: (certificate: Certificate, other: NodeId, held: boolean) => void
  /** What is kept of it was written anew: its own certificates no longer wait, nor those that wait for it. */
  readonly retry: (author: NodeId) => void
  /** It went on: the same, and told is who waited for it. */
  readonly changed: (author: NodeId) => readonly NodeId[]
}

export const createWaiting = (): Waiting => {
  /** By author and certified entry: the entry that is waited for; null: for another author. */
  const waits = new Map<NodeId, Map<string, EntryId | null>>()
  /** Whom others wait for, and who these are. */
  const awaited = new Map<NodeId, Set<NodeId>>()

  const wait = (certificate: Certificate, what: EntryId | null): void => {
    const author = toHex(certificate.author)
    waits.set(author, (waits.get(author) ?? new Map<string, EntryId | null>()).set(toHex(certificate.id), what))
  }
  const retry = (author: NodeId): void => {
    for (const one of [author, ...(awaited.get(author) ?? [])]) waits.delete(one)
  }
  return {
    ready: (author, certificates, isHere) => {
      const before = waits.get(author)
      if (!before) return certificates
      // What has left the pool meanwhile is forgotten.
      const still = new Map<string, EntryId | null>()
      const ready = certificates.filter(({ id }) => {
        const key = toHex(id)
        const what = before.get(key)
        if (what === undefined || (what && isHere(what))) return true
        still.set(key, what)
        return false
      })
      if (still.size > 0) waits.set(author, still)
      else waits.delete(author)
      return ready
    },
    forEntry: wait,
    forAuthor: (certificate, other, held) => {
      if (held) wait(certificate, null)
      awaited.set(other, (awaited.get(other) ?? new Set()).add(toHex(certificate.author)))
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
