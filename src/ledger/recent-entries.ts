/**
 * The newest entries as they were parsed when they came: whoever lacks something lacks these, and a relay gives each of them to many. The
 * bytes in the store say what counts, so that what is remembered may be of a commit that failed, or of a branch that lost.
 */
import { type Bytes, equalBytes } from '../lib/bytes.ts'
import type { ParsedEntry } from './entry.ts'

const entriesMax = 512

export interface RecentEntries {
  readonly add: (key: string, parsed: ParsedEntry) => void
  /** Undefined where it is none of them, or was another. */
  readonly get: (key: string, bytes: Bytes) => ParsedEntry | undefined
}

export const createRecentEntries = (): RecentEntries => {
  const recent = new Map<string, ParsedEntry>()
  return {
    add: (key, parsed) => {
      recent.delete(key)
      recent.set(key, parsed)
      const [oldest] = recent.size > entriesMax ? recent.keys() : []
      if (oldest !== undefined) recent.delete(oldest)
    },
    get: (key, bytes) => {
      const parsed = recent.get(key)
      return parsed && equalBytes(parsed.bytes, bytes) ? parsed : undefined
    },
  }
}
