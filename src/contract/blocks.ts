/**
 * Whether two workers are in different blocks of addresses (spec: economy.md, *independent replicas*), by what relays see of them.
 *
 * A relay gives each block a label that means nothing elsewhere: it hashes it with a secret of its own, which it changes. So only
 * labels of one relay under one secret can be compared, and no label leads back to an address (there are but 2^24 blocks of IPv4,
 * a salt that others know would hide none of them). Of the witnesses f may lie: two workers are apart if f+1 of them see it.
 * Of whom too little is seen is apart from nobody: to hide from the relays gains nothing.
 */

/** What one witness's relay sees of a worker. */
export interface BlockLabel {
  /** Names the secret. */
  readonly salt: string
  readonly label: string
}
/** By witness. */
export type Blocks = ReadonlyMap<string, BlockLabel>

export const areApart = (a: Blocks, b: Blocks, faulty: number): boolean => {
  let seenApart = 0
  for (const [witness, { salt, label }] of a) {
    const other = b.get(witness)
    if (other?.salt === salt && other.label !== label) seenApart++
  }
  return seenApart > faulty
}

/** Enough is seen of it to be apart from others. */
export const isPlaced = (blocks: Blocks, faulty: number): boolean => blocks.size > faulty

/** A relay that told of both had another secret by the time of the later one. */
export const isRenamed = (earlier: Blocks, later: Blocks): boolean =>
  [...earlier].some(([witness, { salt }]) => (later.get(witness)?.salt ?? salt) !== salt)
