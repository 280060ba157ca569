/** An amount of credits as people type it, `12.5` or `12,5`, in integer µcr; null where it is none above zero. No float touches it. */
const digitsAfter = 6

export const parseCredits = (typed: string): number | null => {
  const match = /^(\d{1,10})?(?:[.,](\d{1,6}))?$/.exec(typed.trim())
  if (!match || (match[1] === undefined && match[2] === undefined)) return null
  const micro = Number(`${match[1] ?? '0'}${(match[2] ?? '').padEnd(digitsAfter, '0')}`)
  return Number.isSafeInteger(micro) && micro > 0 ? micro : null
}
