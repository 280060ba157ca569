/** What stands against this account or its swarm: by the witnesses' word as far as more of them say so than may lie, or by proof. */
/** closed: by a verdict. forked: two entries at one number are signed with its key. slashed: it holds less than its penalties. */
export const refusedFor = ['closed', 'forked', 'slashed'] as const
/**
 * swarm-broken: more witnesses lie than it bears. fined: by a verdict that costs and does not close; wrong-result: only for what it
 * answered (findings.ts proves all three).
 * contradicted: the founder has signed two histories of notices.
 */
export type Trouble = 'swarm-broken' | (typeof refusedFor)[number] | 'fined' | 'wrong-result' | 'contradicted'
/** The worst is shown. */
const troubles: readonly Trouble[] = ['swarm-broken', ...refusedFor, 'fined', 'wrong-result', 'contradicted']
export const worstOf = (found: readonly (Trouble | null | undefined)[]): Trouble | null =>
  troubles.find((one) => found.includes(one)) ?? null

export interface Refusals {
  /** A witness's refusal to certify, in its words. */
  readonly heard: (witness: string, reason: string) => void
  /** An entry was certified: nothing stands against it. */
  readonly clear: () => void
  readonly trouble: () => Trouble | null
}

/** `faulty`: witnesses that may lie (f of 3f+1). A witness's last word counts, from whichever device. */
export const createRefusals = (faulty: number): Refusals => {
  const words = new Map<string, Trouble>()
  return {
    heard: (witness, reason) => {
      const trouble = refusedFor.find((name) => name === reason)
      if (trouble) words.set(witness, trouble)
      else words.delete(witness)
    },
    clear: () => words.clear(),
    trouble: () => refusedFor.find((name) => [...words.values()].filter((word) => word === name).length > faulty) ?? null,
  }
}
