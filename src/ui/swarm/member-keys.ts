/** A member as the block list names it: the identity, and the devices by which others may meet it before they know whose they are. */
import type { FounderMemberView } from '../../messages/founder-view.ts'

export const keysOf = ({
  identity,
  accounts,
}: {
  readonly identity: string
  readonly accounts: readonly Pick<FounderMemberView['accounts'][number], 'id'>[]
}): readonly string[] => [...new Set([identity, ...accounts.map(({ id }) => id)])]
