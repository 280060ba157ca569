/**
 * What came before what it depends on: verified entries and certificates, in memory only (nothing here was acknowledged).
 *
 * Bytes count against the peer that sent them, never against the author named; over its quota, a peer's own oldest go first.
 */
import type { NodeId } from '../identity/keys.ts'
import { toHex } from '../lib/bytes.ts'
import type { SignedBy } from './apply.ts'
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
  readonly firstOf: (author: NodeId) => VerifiedEntry | undefined
  readonly removeEntry: (id: EntryId) => void
  readonly removeCertificate: (certificate: Certificate) => void
  readonly bytes: () => number
}

interface Item {
  readonly from: string
  readonly bytes: number
  readonly entry?: VerifiedEntry
  readonly certificate?: Certificate
}

export const createPendingPool = (perPeerMax = pendingBytesPerPeerMax, totalMax = pendingBytesMax): PendingPool => {
  /** In order of arrival: a Map's. */
  const items = new Map<string, Item>()
  const certified = new Map<NodeId, Map<string, Certificate>>()
  const firsts = new Map<NodeId, string>()
  const bytesOf = new Map<string, number>()
  let total = 0

  const remove = (key: string): void => {
    const item = items.get(key)
    if (!item) return
    items.delete(key)
    total -= item.bytes
    const left = (bytesOf.get(item.from) ?? 0) - item.bytes
    if (left > 0) bytesOf.set(item.from, left)
    else bytesOf.delete(item.from)
    if (item.certificate) {
      const author = toHex(item.certificate.author)
      const own = certified.get(author)
      own?.delete(key)
      if (own?.size === 0) certified.delete(author)
    }
    if (item.entry?.parsed.entry.seq === 0) firsts.delete(toHex(item.entry.parsed.entry.author))
  }
  const add = (key: string, item: Item): void => {
    if (items.has(key)) return
    items.set(key, item)
    total += item.bytes
    bytesOf.set(item.from, (bytesOf.get(item.from) ?? 0) + item.bytes)
    while ((bytesOf.get(item.from) ?? 0) > perPeerMax) remove(oldest((other) => other.from === item.from))
    while (total > totalMax) remove(oldest(() => true))
  }
  const oldest = (wanted: (item: Item) => boolean): string => {
    for (const [key, item] of items) if (wanted(item)) return key
    return ''
  }

  return {
    addEntry: (from, entry) => {
      const { parsed } = entry
      add(entryKey(parsed.id), { from, bytes: parsed.bytes.length, entry })
      if (parsed.entry.seq === 0) firsts.set(toHex(parsed.entry.author), entryKey(parsed.id))
    },
    addCertificate: (from, certificate) => {
      const key = certificateKey(certificate)
      const author = toHex(certificate.author)
      certified.set(author, (certified.get(author) ?? new Map<string, Certificate>()).set(key, certificate))
      add(key, { from, bytes: signatureBytes * (1 + certificate.signatures.length), certificate })
    },
    entry: (id) => items.get(entryKey(id))?.entry,
    certificates: (author) => [...(certified.get(author)?.values() ?? [])].sort((a, b) => a.seq - b.seq),
    firstOf: (author) => items.get(firsts.get(author) ?? '')?.entry,
    removeEntry: (id) => remove(entryKey(id)),
    removeCertificate: (certificate) => remove(certificateKey(certificate)),
    bytes: () => total,
  }
}

const entryKey = (id: EntryId): string => `e${toHex(id)}`
const certificateKey = ({ id }: Certificate): string => `c${toHex(id)}`
