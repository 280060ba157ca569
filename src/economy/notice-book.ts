/**
 * Which of the notices that a node has seen holds. The highest version; of two of one version, which an honest founder never signs,
 * the one with the lower hash. So all who have seen the same notices go by the same one, in whatever order they came.
 *
 * A founder that signed two histories is shown: `against` is a notice that is not among those which `newest` follows. Invariant: it
 * is there as soon as any two of the notices that were taken contradict each other (tests/unit/economy/notices.test.ts).
 */
import { compareBytes, equalBytes } from '../lib/bytes.ts'
import type { KnownNotice } from './notice-codec.ts'

export interface Notices {
  readonly newest: KnownNotice | undefined
  readonly against: KnownNotice | undefined
}

export const noNotices: Notices = { newest: undefined, against: undefined }

/** With one more; the same object where it says nothing new. */
export const takeNotice = (notices: Notices, given: KnownNotice): Notices => {
  const { newest, against } = notices
  if (!newest) return { newest: given, against }
  if (!outranks(given, newest)) return against || !contradicts(newest, given) ? notices : { newest, against: given }
  // What stood against the one before may be what the new one follows: then the one before stands against it.
  return { newest: given, against: [against, newest].find((one) => one && contradicts(given, one)) }
}

/** Both signed by one founder: neither follows the other. */
export const contradicts = (a: KnownNotice, b: KnownNotice): boolean => {
  const version = Math.min(a.notice.version, b.notice.version)
  return !equalBytes(a.hashes[version]!, b.hashes[version]!)
}

const outranks = (a: KnownNotice, b: KnownNotice): boolean =>
  a.notice.version !== b.notice.version
    ? a.notice.version > b.notice.version
    : compareBytes(a.hashes[a.notice.version]!, b.hashes[b.notice.version]!) < 0
