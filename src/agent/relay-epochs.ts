/** The book of epochs (economy/epoch-book.ts) of a full replica, caught up with the issuer's chain whenever it is asked for. */
import { createEpochBook, type EpochBook } from '../economy/epoch-book.ts'
import { settlesOf, type ParsedEntry } from '../ledger/entry.ts'
import type { EntryPlace } from '../ledger/chain-state.ts'
import type { SponsoredLine } from '../ledger/issuance.ts'
import type { Replica } from '../ledger/replica.ts'
import { issuanceOf, type LedgerRules } from '../ledger/rules.ts'
import { equalBytes, toHex } from '../lib/bytes.ts'
import { createSerial } from '../lib/serial.ts'

/** Entries read from the store at once. */
const pageMax = 256

export interface Epochs {
  /** As of the issuer's highest certified entry here. After a start it reads that chain from its beginning. */
  readonly book: () => Promise<EpochBook>
  /** The book has all of the issuer's chain: not while earlier entries of it are still to come. */
  readonly whole: () => Promise<boolean>
}

export const createEpochs = ({ records }: Pick<Replica, 'records'>, rules: LedgerRules): Epochs => {
  const serial = createSerial()
  const fresh = (): EpochBook => createEpochBook(rules.issuer, issuanceOf(rules))
  let book = fresh()

  /** What the settles of an entry name; undefined where something of it is not here. */
  const workedIn = async ({ entry }: ParsedEntry): Promise<readonly (readonly SponsoredLine[])[] | undefined> => {
    const named = new Map<string, EntryPlace>()
    const worked: SponsoredLine[][] = []
    for (const { lines } of settlesOf(entry)) {
      const ofSettle: SponsoredLine[] = []
      for (const line of lines) {
        const sponsor = toHex(line[0])
        const found = await records.sponsored(line, named.get(sponsor) ?? book.named(sponsor))
        if (!found) return undefined
        for (const rose of found.rose) ofSettle.push({ sponsor, ...rose })
        named.set(sponsor, { seq: line[2].seq, id: line[1] })
      }
      worked.push(ofSettle)
    }
    return worked
  }

  /** False: the chain that was read is not the issuer's any more (a conflict of certified entries). */
  const catchUp = async (): Promise<boolean> => {
    for (;;) {
      const page = await records.entriesFrom(rules.issuer, book.next().seq, pageMax)
      for (const parsed of page) {
        if (parsed.entry.seq > book.next().seq) return true
        if (!equalBytes(parsed.entry.prev, book.next().prev)) return false
        const worked = await workedIn(parsed)
        if (!worked) return true
        book.take(parsed, worked)
      }
      if (page.length < pageMax) return true
    }
  }

  const caughtUp: Epochs['book'] = () =>
    serial('book', async () => {
      if (await catchUp()) return book
      book = fresh()
      await catchUp()
      return book
    })

  return {
    book: caughtUp,
    whole: async () => (await caughtUp()).next().seq > (await records.head(rules.issuer))[0].seq,
  }
}
