/**
 * What came before what it depends on: verified entries and certificates, in memory only (nothing here was acknowledged).
 *
 * Bytes count against the peers that sent them, never against the author named; over its quota, a peer's own oldest go first.
 */
import type { NodeId } from '../identity/keys.ts'
import { toHex } from '../lib/bytes.ts'
import type { SignedBy } from './apply.ts'
import { mergeCertificates } from './certificate.ts'
import type { ParsedEntry } from './entry.ts'
import type { Certificate, EntryId } from './types.ts'

export const pendingBytesPerPeerMax = 4 * 1024 * 1024
export const pendingBytesMax = 64 * 1024 * 1024
/** What one signature of a certificate takes in memory, roughly. */
const signatureBytes = 200

/** An entry whose signatures were checked (verify-entry.ts). */
export interface VerifiedEntry {
  readonly parsed: ParsedEntry
  readonly signedBy: SignedBy
}

export interface PendingPool {
  readonly addEntry: (from: string, entry: VerifiedEntry) => void
  readonly addCertificate: (from: string, certificate: Certificate) => void
  readonly entry: (id: EntryId) => VerifiedEntry | undefined
  /** Of this author, lowest number first. */
  readonly certificates: (author: NodeId) => readonly Certificate[]
  /** An author that cheats may have several. */
  readonly firstsOf: (author: NodeId) => readonly VerifiedEntry[]
  readonly removeEntry: (id: EntryId) => void
  readonly removeCertificate: (certificate: Certificate) => void
  readonly bytes: () => number
}

interface Item {
  /** All that sent it: it counts against each, and goes when none of them has room for it. So nobody throws out another's. */
  readonly from: Set<string>
  readonly bytes: number
  readonly entry?: VerifiedEntry
  readonly certificate?: Certificate
}

export const createPendingPool = (perPeerMax = pendingBytesPerPeerMax, totalMax = pendingBytesMax): PendingPool => {
  /** In order of arrival: a Map's. */
  const items = new Map<string, Item>()
  const certified = new Map<NodeId, Map<string, Certificate>>()
  const firsts = new Map<NodeId, Set<string>>()
  const bytesOf = new Map<string, number>()
  let total = 0

  const count = (from: string, bytes: number): void => {
    const now = (bytesOf.get(from) ?? 0) + bytes
    if (now > 0) bytesOf.set(from, now)
    else bytesOf.delete(from)
  }
  const remove = (key: string): void => {
    const item = items.get(key)
    if (!item) return
    items.delete(key)
    total -= item.bytes
    for (const from of item.from) count(from, -item.bytes)
    if (item.certificate) {
      const author = toHex(item.certificate.author)
      const own = certified.get(author)
      own?.delete(key)
      if (own?.size === 0) certified.delete(author)
    }
    if (item.entry?.parsed.entry.seq === 0) {
      const author = toHex(item.entry.parsed.entry.author)
      firsts.get(author)?.delete(key)
      if (firsts.get(author)?.size === 0) firsts.delete(author)
    }
  }
  const add = (key: string, from: string, made: Omit<Item, 'from'>): void => {
    const item = items.get(key) ?? { ...made, from: new Set() }
    if (item.from.has(from)) return
    if (item.from.size === 0) {
      items.set(key, item)
      total += item.bytes
    }
    item.from.add(from)
    count(from, item.bytes)
    for (const [other, { from: senders, bytes }] of items) {
      if ((bytesOf.get(from) ?? 0) <= perPeerMax) break
      if (!senders.has(from)) continue
      if (senders.size === 1) remove(other)
      else {
        senders.delete(from)
        count(from, -bytes)
      }
    }
    for (const other of items.keys()) {
      if (total <= totalMax) break
      remove(other)
    }
  }

  return {
    addEntry: (from, entry) => {
      const { parsed } = entry
      const author = toHex(parsed.entry.author)
      if (parsed.entry.seq === 0) firsts.set(author, (firsts.get(author) ?? new Set()).add(entryKey(parsed.id)))
      add(entryKey(parsed.id), from, { bytes: parsed.bytes.length, entry })
    },
    addCertificate: (from, certificate) => {
      const key = certificateKey(certificate)
      const author = toHex(certificate.author)
      const own = certified.get(author) ?? new Map<string, Certificate>()
      const known = own.get(key)
      // Signatures add up, whichever came first.
      certified.set(author, own.set(key, known ? (mergeCertificates(known, certificate) ?? known) : certificate))
      add(key, from, { bytes: signatureBytes * (1 + certificate.signatures.length), certificate })
    },
    entry: (id) => items.get(entryKey(id))?.entry,
    certificates: (author) => [...(certified.get(author)?.values() ?? [])].sort((a, b) => a.seq - b.seq),
    firstsOf: (author) => [...(firsts.get(author) ?? [])].flatMap((key) => items.get(key)?.entry ?? []),
    removeEntry: (id) => remove(entryKey(id)),
    removeCertificate: (certificate) => remove(certificateKey(certificate)),
    bytes: () => total,
  }
}

const entryKey = (id: EntryId): string => toHex(id)
const certificateKey = ({ id }: Certificate): string => `c${toHex(id)}`
