/**
 * What attacking may bring (the table): credits gained ÷ an honest node's for the same work ≤ 1.0, and nothing for those
 * who do no work; free service ÷ the tabs granted ≤ 1.0; and in public swarms what was paid ahead and never worked for ÷ the steps that
 * its payers may lose so ≤ 1.0.
 *
 * Credits gained are all of a kind's gain but its free service and what was paid ahead, which have bounds of their own: what was earned
 * beyond the grant and what was bought. For the same work an honest node has its list value.
 */
import type { Figures } from './book.ts'

export interface Ratios {
  readonly kind: Figures['kind']
  readonly nodes: number
  /** µcr. */
  readonly creditsMicro: number
  /** Null: it did no work. */
  readonly creditsRatio: number | null
  readonly freeServiceMicro: number
  /** Null: nobody granted it a tab. */
  readonly serviceRatio: number | null
  readonly aheadMicro: number
  /** Null: nobody paid it ahead. */
  readonly aheadRatio: number | null
  /** What is beyond its bound; empty: nothing. */
  readonly excess: readonly string[]
}

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)

export const ratiosOf = ({
  kind,
  nodes,
  gainMicro,
  honestWorkMicro,
  sameWorkMicro,
  freeServiceMicro,
  aheadMicro,
  tabsMicro,
  stepsMicro,
}: Figures): Ratios => {
  const creditsMicro = gainMicro + honestWorkMicro - freeServiceMicro - aheadMicro
  const [creditsRatio, serviceRatio] = [share(creditsMicro, sameWorkMicro), share(freeServiceMicro, tabsMicro)]
  const aheadRatio = share(aheadMicro, stepsMicro)
  const excess =
    kind === 'honest'
      ? []
      : [
          ...(creditsRatio === null && creditsMicro > 0 ? [`${kind} gained ${creditsMicro} µcr without work`] : []),
          ...(creditsRatio !== null && creditsRatio > 1 ? [`${kind} gained ${creditsRatio.toFixed(3)} times what its work is worth`] : []),
          ...(serviceRatio === null && freeServiceMicro > 0 ? [`${kind} took ${freeServiceMicro} µcr of work without a tab`] : []),
          ...(serviceRatio !== null && serviceRatio > 1
            ? [`${kind} took ${serviceRatio.toFixed(3)} times the tabs that it was granted`]
            : []),
          ...((aheadRatio ?? (aheadMicro > 0 ? Infinity : 0)) > 1
            ? [`${kind} kept ${aheadMicro} µcr paid ahead, more than a step of each payer`]
            : []),
        ]
  return { kind, nodes, creditsMicro, creditsRatio, freeServiceMicro, serviceRatio, aheadMicro, aheadRatio, excess }
}

/** Over many runs, a row per kind. */
export const summed = (all: readonly Figures[]): readonly Figures[] => {
  const rows = new Map<Figures['kind'], Figures>()
  for (const each of all) {
    const before = rows.get(each.kind)
    const sum = (field: Exclude<keyof Figures, 'kind'>): number => (before?.[field] ?? 0) + each[field]
    rows.set(each.kind, {
      kind: each.kind,
      nodes: sum('nodes'),
      gainMicro: sum('gainMicro'),
      honestWorkMicro: sum('honestWorkMicro'),
      sameWorkMicro: sum('sameWorkMicro'),
      receivedMicro: sum('receivedMicro'),
      freeServiceMicro: sum('freeServiceMicro'),
      aheadMicro: sum('aheadMicro'),
      stepsMicro: sum('stepsMicro'),
      tabsMicro: sum('tabsMicro'),
    })
  }
  return [...rows.values()]
}
