/** The kinds of faulty nodes (spec: network.md, *Simulator*), by the names that the command line takes. */
export const faultNames = [
  'double-spender',
  'liar',
  'lazy-worker',
  'free-rider',
  'non-payer',
  'bad-mouther',
  'wash-trader',
  'sybil-group',
  'id-grinder',
  'withholding-witness',
  'equivocating-witness',
  'spammer',
  'eclipser',
] as const
export type FaultName = (typeof faultNames)[number]
