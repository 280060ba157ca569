/**
 * An amount of credits as people type it, `12.5` or `12,5`, in integer µcr. No float touches it.
 *
 * `1,000` is a thousand to some and one to others, and this interface shows a thousand so: whatever may be read as groups of three
 * digits is refused, not guessed.
 */
import { err, ok, type Result } from '../lib/result.ts'

/** amount: none above zero, or none that can be counted. grouped: holds what may be a separator of thousands. */
export type CreditsFault = 'amount' | 'grouped'

const digitsAfter = 6
const microPerCredit = 10 ** digitsAfter

export const parseCredits = (typed: string): Result<number, CreditsFault> => {
  const text = typed.trim()
  if (/^[1-9]\d{0,2}(?:[.,]\d{3})+(?:[.,]\d*)?$/.test(text)) return err('grouped')
  const match = /^(\d{1,10})?(?:[.,](\d{1,6}))?$/.exec(text)
  if (!match || (match[1] === undefined && match[2] === undefined)) return err('amount')
  const micro = Number(`${match[1] ?? '0'}${(match[2] ?? '').padEnd(digitsAfter, '0')}`)
  return Number.isSafeInteger(micro) && micro > 0 ? ok(micro) : err('amount')
}

/** An amount as it may be typed: `1000`, `12.5`; a fraction of three digits gets a fourth. */
export const typedCredits = (micro: number): string => {
  const fraction = String(micro % microPerCredit)
    .padStart(digitsAfter, '0')
    .replace(/0+$/, '')
  const whole = Math.floor(micro / microPerCredit)
  return fraction === '' ? String(whole) : `${whole}.${fraction.length === 3 ? `${fraction}0` : fraction}`
}
