/** A member as the block list names it: the identity, and the devices by which others may meet it before they know whose they are. */
import type { FounderMemberView } from '../../messages/view.ts'

export const keysOf = ({ identity, devices }: Pick<FounderMemberView, 'identity' | 'devices'>): readonly string[] => [
  ...new Set([identity, ...devices]),
]
