/**
 * Whether two workers are in different blocks of addresses (spec: economy.md, *independent replicas*), by what relays see of them.
 *
 * A relay gives each block a label that means nothing elsewhere: it hashes it with a secret of its own, which it changes. So only
 * labels of one relay under one secret can be compared, and no label leads back to an address (there are but 2^24 blocks of IPv4,
 * a salt that others know would hide none of them). Of the witnesses f may lie: two workers are apart if f+1 of them see it, and not
 * if f+1 of them see the two in one block. A machine may have an address of each family, and be seen in both: its blocks are all that
 * a relay saw it in. Of whom too little is seen is apart from nobody: to hide from the relays gains nothing.
 */

/** What one witness's relay has seen of a worker. */
export interface BlockLabels {
  /** Names the secret. */
  readonly salt: string
  readonly labels: readonly string[]
}
/** By witness. */
export type Blocks = ReadonlyMap<string, BlockLabels>

export const areApart = (a: Blocks, b: Blocks, faulty: number): boolean => {
  let [seenApart, seenTogether] = [0, 0]
  for (const [witness, { salt, labels }] of a) {
    const other = b.get(witness)
    if (other?.salt !== salt) continue
    if (labels.some((label) => other.labels.includes(label))) seenTogether++
    else seenApart++
  }
  return seenApart > faulty && seenTogether <= faulty
}

/** Enough is seen of it to be apart from others. */
export const isPlaced = (blocks: Blocks, faulty: number): boolean => blocks.size > faulty

/** A relay that told of both had another secret by the time of the later one. */
export const isRenamed = (earlier: Blocks, later: Blocks): boolean =>
  [...earlier].some(([witness, { salt }]) => (later.get(witness)?.salt ?? salt) !== salt)
