/**
 * The ledger as one who sees everything sees it: every entry and certificate that was ever said or stored by anyone, and the
 * certified chains folded by a few plain lines of its own, so that a fault in src/ledger shows as a difference.
 */
import type { Verifier } from '../../src/identity/keys.ts'
import { certificateMessage, checkCertificate } from '../../src/ledger/certificate.ts'
import { claimLines, type ParsedEntry, parseEntry, payLines } from '../../src/ledger/entry.ts'
import type { Certificate } from '../../src/ledger/types.ts'
import { type Bytes, sha256, toHex } from '../../src/lib/bytes.ts'

export interface TruePay {
  readonly seq: number
  readonly total: number
}
/** One certified chain, folded. Figures by number of entry, so that what others hold can be compared as of then. */
export interface TrueAccount {
  readonly ids: string[]
  readonly at: { readonly claimed: bigint; readonly paid: bigint; readonly staked: number }[]
  /** By payee: each entry that pays it. */
  readonly paid: Map<string, TruePay[]>
  /** By payer: total claimed. */
  readonly claimed: Map<string, number>
}

export interface Truth {
  readonly addEntry: (bytes: Uint8Array) => void
  readonly addCertificate: (certificate: unknown) => void
  /** Takes in what was added; says what cannot be. */
  readonly settle: () => Promise<readonly string[]>
  readonly accounts: ReadonlyMap<string, TrueAccount>
  readonly entry: (id: string) => ParsedEntry | undefined
  /** Whether 2f+1 listed witnesses signed exactly this. */
  readonly isFull: (certificate: Certificate) => Promise<boolean>
  readonly paidTotal: (payer: string, payee: string) => number
  /** Full certificates by entry id, for those who play them back. */
  readonly full: ReadonlyMap<string, Certificate>
  readonly entries: ReadonlyMap<string, ParsedEntry>
}

const empty = (): TrueAccount => ({ ids: [], at: [], paid: new Map(), claimed: new Map() })

export const createTruth = (verifier: Verifier, swarm: Bytes, witnesses: readonly Bytes[]): Truth => {
  const listed = new Set(witnesses.map(toHex))
  // By its own arithmetic: a fault in rules.ts must not blind it.
  const quorum = 2 * Math.floor((witnesses.length - 1) / 3) + 1
  const seen = new Set<string>()
  const entries = new Map<string, ParsedEntry>()
  const signatures = new Map<string, Map<string, Bytes>>()
  const full = new Map<string, Certificate>()
  const accounts = new Map<string, TrueAccount>()
  let newCertificates: Certificate[] = []
  let waiting: Certificate[] = []
  const unseen = (key: string): boolean => !seen.has(key) && seen.add(key) !== undefined

  const good = async (certificate: Certificate): Promise<readonly (readonly [string, Bytes])[]> => {
    const message = certificateMessage(swarm, certificate)
    const found: (readonly [string, Bytes])[] = []
    for (const [witness, signature] of certificate.signatures)
      if (listed.has(toHex(witness)) && (await verifier.verify(signature, message, witness))) found.push([toHex(witness), signature])
    return found
  }

  /** From the certified entry down to one that is known to be certified. */
  const extend = ({ author, seq, id }: Certificate, faults: string[]): boolean => {
    const key = toHex(author)
    const account = accounts.get(key) ?? empty()
    const found: ParsedEntry[] = []
    for (let at = seq, want = toHex(id); at >= 0; at--) {
      const have = account.ids[at]
      if (have === want) break
      if (have !== undefined) {
        faults.push(`two certified entries of ${key.slice(0, 8)} at number ${at}`)
        return true
      }
      const entry = entries.get(want)
      if (!entry || entry.entry.seq !== at || toHex(entry.entry.author) !== key) return false
      found.push(entry)
      want = toHex(entry.entry.prev)
    }
    accounts.set(key, account)
    for (const entry of found.reverse()) fold(key, account, entry, faults)
    return true
  }

  const fold = (author: string, account: TrueAccount, { entry, id }: ParsedEntry, faults: string[]): void => {
    const last = account.at.at(-1) ?? { claimed: 0n, paid: 0n, staked: 0 }
    let { claimed, paid, staked } = last
    for (const [payee, total] of payLines(entry)) {
      const list = account.paid.get(toHex(payee)) ?? []
      const before = list.at(-1)?.total ?? 0
      if (total < before) faults.push(`${author.slice(0, 8)} paid less than before at number ${entry.seq}`)
      paid += BigInt(total - before)
      account.paid.set(toHex(payee), [...list, { seq: entry.seq, total }])
    }
    for (const op of entry.ops) if (op.op === 'stake') staked = op.amount
    for (const [payer, , certificate] of claimLines(entry)) {
      const name = toHex(payer)
      const total = accounts
        .get(name)
        ?.paid.get(author)
        ?.findLast((line) => line.seq <= certificate.seq)?.total
      if (total === undefined || accounts.get(name)?.ids[certificate.seq] !== toHex(certificate.id)) {
        faults.push(`${author.slice(0, 8)} claims at number ${entry.seq} what ${name.slice(0, 8)} never certifiedly paid`)
        continue
      }
      claimed += BigInt(total) - BigInt(account.claimed.get(name) ?? 0)
      account.claimed.set(name, total)
    }
    account.ids[entry.seq] = toHex(id)
    account.at[entry.seq] = { claimed, paid, staked }
  }

  return {
    accounts,
    full,
    entries,
    entry: (id) => entries.get(id),
    isFull: async (certificate) => (await good(certificate)).length >= quorum,
    paidTotal: (payer, payee) => accounts.get(payer)?.paid.get(payee)?.at(-1)?.total ?? 0,
    addEntry: (bytes) => {
      if (!unseen(toHex(sha256(bytes)))) return
      const parsed = parseEntry(bytes)
      if (!parsed.ok) return
      entries.set(toHex(parsed.value.id), parsed.value)
      newCertificates.push(...claimLines(parsed.value.entry).map(([, , certificate]) => certificate))
    },
    addCertificate: (value) => {
      const checked = checkCertificate(value)
      if (checked.ok) newCertificates.push(checked.value)
    },
    settle: async () => {
      const faults: string[] = []
      const fresh = newCertificates
      newCertificates = []
      for (const certificate of fresh) {
        const id = toHex(certificate.id)
        if (full.has(id)) continue
        const known = signatures.get(id) ?? new Map<string, Bytes>()
        signatures.set(id, known)
        for (const [witness, signature] of await good(certificate)) known.set(witness, signature)
        if (known.size < quorum) continue
        const list = [...known]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([w, s]) => [witnesses.find((key) => toHex(key) === w)!, s] as const)
        full.set(id, { ...certificate, signatures: list })
        waiting.push(full.get(id)!)
      }
      // A claim's fold reads its payer's: what names a chain that is not extended yet waits for it.
      for (let moved = true; moved;) {
        const before = waiting.length
        waiting = waiting.sort((a, b) => a.seq - b.seq).filter((certificate) => !(payersKnown(certificate) && extend(certificate, faults)))
        moved = waiting.length < before
      }
      return faults
    },
  }

  /** Whether all that the chain up to this entry claims is certified already; what claims the never certified does not wait. */
  function payersKnown({ author, seq, id }: Certificate): boolean {
    const have = accounts.get(toHex(author))?.ids.length ?? 0
    for (let at = seq, want = toHex(id); at >= have; at--) {
      const entry = entries.get(want)
      if (!entry) return false
      for (const [payer, payId] of claimLines(entry.entry)) {
        const paying = toHex(payId)
        const reached = accounts.get(toHex(payer))?.ids.includes(paying)
        if (!reached && waiting.some((other) => toHex(other.author) === toHex(payer))) return false
      }
      want = toHex(entry.entry.prev)
    }
    return true
  }
}
