/** Which devices an identity has, out of the chains that a relay keeps: what one needs to know of a device that is lost. */
import type { PublicKey } from '../identity/keys.ts'
import type { Replica } from '../ledger/replica.ts'
import { equalBytes } from '../lib/bytes.ts'

/** Told in one answer. */
export const devicesMax = 32

export const devicesOf = async ({ records }: Pick<Replica, 'records'>, identity: PublicKey): Promise<PublicKey[]> =>
  (await records.heads())
    .filter((head) => head.identity !== null && equalBytes(head.identity, identity))
    .slice(0, devicesMax)
    .map(({ author }) => author)
