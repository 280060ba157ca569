/** A founder's change of what may change: the next notice, signed here. Only the user asks for it, never the agent. */
import type { NoticeError } from '../economy/notice-codec.ts'
import { nextNotice } from '../economy/notice-codec.ts'
import { takeNotice } from '../economy/notice-book.ts'
import { changedTerms, termsOf, type TermsChange } from '../economy/notice.ts'
import { parseSignedPolicy } from '../economy/policy-codec.ts'
import type { DeviceCertificate } from '../identity/keys.ts'
import { equalBytes } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { FoundingError, FoundingRecord } from './founding.ts'
import type { KeyKeeper } from './key-keeper.ts'
import { noticesOf, type SwarmRecord, withNotices } from './swarm-record.ts'

/**
 * The swarm's record with one notice more. Refused until members were asked in this session, as for the witness's signatures: an old
 * copy of the profile would sign a version twice.
 */
export const changeTerms = async (
  { keeper, clock, session }: { readonly keeper: KeyKeeper; readonly clock: Clock; readonly session: string },
  record: SwarmRecord,
  { founder, policy: bytes, recalledSession }: FoundingRecord,
  own: DeviceCertificate,
  change: TermsChange,
): Promise<Result<SwarmRecord, FoundingError | NoticeError>> => {
  const [signer, signed] = [await keeper.signer(founder), parseSignedPolicy(bytes)]
  if (!signer || !signed.ok) return refused('key')
  if (recalledSession !== session) return refused('recalling')
  const { policy } = signed.value
  if (change.block?.some((key) => equalBytes(key, own.root) || equalBytes(key, own.device))) return refused('self')
  const notices = noticesOf(record)
  const terms = changedTerms(termsOf(policy, notices.newest?.notice), change)
  const made = await nextNotice(signer, { policy, last: notices.newest, now: clock.now() }, terms)
  return made.ok ? ok(withNotices(record, takeNotice(notices, made.value))) : made
}

const refused = (reason: FoundingError['reason']): Result<never, FoundingError> => err({ type: 'founding', reason })
