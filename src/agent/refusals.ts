/** What the witnesses hold against this account, as far as more of them say so than may lie. */
import type { NodeId } from '../identity/keys.ts'

/** closed: by a verdict. forked: two entries at one number are signed with its key. slashed: it holds less than its penalties. */
export const troubles = ['closed', 'forked', 'slashed'] as const
export type Trouble = (typeof troubles)[number]

export interface Refusals {
  /** A relay's refusal to certify, in its words. */
  readonly heard: (relay: NodeId, reason: string) => void
  /** An entry was certified: nothing stands against it. */
  readonly clear: () => void
  readonly trouble: () => Trouble | null
}

/** `faulty`: witnesses that may lie (f of 3f+1). A relay's last word counts. */
export const createRefusals = (faulty: number): Refusals => {
  const words = new Map<NodeId, Trouble>()
  return {
    heard: (relay, reason) => {
      const trouble = troubles.find((name) => name === reason)
      if (trouble) words.set(relay, trouble)
      else words.delete(relay)
    },
    clear: () => words.clear(),
    trouble: () => troubles.find((name) => [...words.values()].filter((word) => word === name).length > faulty) ?? null,
  }
}
