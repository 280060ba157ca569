/**
 * Errors as people read them: `type` (and `reason`, where it has one) chooses the text, what else it carries completes it.
 * `detail` is plain text, or an error's further fields as JSON.
 */
import type { UiError } from '../messages/view.ts'
import { fieldsOf } from './channel.ts'
import { formatCount, formatCredits, formatPrice } from './format.ts'
import { lookUp, t } from './i18n.ts'

export interface Explanation {
  readonly text: string
  readonly more: string
}

export const explain = ({ type, detail }: UiError): Explanation => {
  const fields = parseFields(detail)
  const key = `error_${keyPart(type)}`
  const special = typeof fields?.reason === 'string' ? lookUp(`${key}_${keyPart(fields.reason)}`) : undefined
  return { text: special ?? lookUp(key) ?? t('error_unknown', type), more: fields ? tellFields(fields) : detail }
}

const hashCharsShown = 12

type Fields = Readonly<Record<string, unknown>>

/** Message keys are of letters, digits and `_`. */
export const keyPart = (name: string): string => name.replaceAll(/[^A-Za-z0-9]/g, '_')

const parseFields = (detail: string): Fields | undefined => {
  if (!detail.startsWith('{')) return undefined
  try {
    return fieldsOf(JSON.parse(detail))
  } catch {
    return undefined
  }
}

const tellFields = (fields: Fields): string => {
  const { needMicro, availableMicro, found, needed, position, word, tried, file, expected, actual, error, reason: _, ...rest } = fields
  if (isNumber(needMicro) && isNumber(availableMicro)) return t('errorNeed', formatPrice(needMicro), formatCredits(availableMicro))
  if (isNumber(found) && isNumber(needed)) return t('errorFound', formatCount(found), formatCount(needed))
  if (isNumber(position) && typeof word === 'string') return t('errorWord', position, word)
  if (typeof file === 'string' && typeof expected === 'string' && typeof actual === 'string')
    return t('errorHash', file, expected.slice(0, hashCharsShown), actual.slice(0, hashCharsShown))
  // An error behind the error.
  if (typeof error === 'string') return lookUp(`error_${keyPart(error)}`) ?? error
  if (Array.isArray(tried)) return tried.map((attempt) => tellRest(fieldsOf(attempt) ?? {})).join('\n')
  return tellRest(rest)
}

const tellRest = (fields: Fields): string =>
  Object.values(fields)
    .filter((value) => (typeof value === 'string' && value !== '') || isNumber(value))
    .join(': ')

const isNumber = (value: unknown): value is number => typeof value === 'number'
