/**
 * Every text of the interface comes from public/_locales. Read at call time from the extension API (the same synchronous call in
 * both browsers), so that modules can be imported where there is none; there a key stands for its text.
 */
import type messages from '../../public/_locales/en/messages.json'

export type MessageKey = keyof typeof messages

interface I18n {
  readonly getMessage: (key: string, substitutions?: string[]) => string
}

const api = (): I18n | undefined => {
  const scope = globalThis as { browser?: { i18n?: I18n }; chrome?: { i18n?: I18n } }
  return scope.browser?.i18n ?? scope.chrome?.i18n
}

export const t = (key: MessageKey, ...substitutions: readonly (string | number)[]): string =>
  api()?.getMessage(key, substitutions.map(String)) || key

/** The text of a key that is only known at run time; undefined where there is none. */
export const lookUp = (key: string, ...substitutions: readonly string[]): string | undefined =>
  api()?.getMessage(key, [...substitutions]) || undefined

type PluralKey = { [K in MessageKey]: K extends `${infer Stem}_other` ? Stem : never }[MessageKey]

/** `<stem>_one` or `<stem>_other`, with the count as first substitution. */
export const tn = (stem: PluralKey, count: number, ...more: readonly (string | number)[]): string => {
  const form = new Intl.PluralRules(language()).select(count) === 'one' ? 'one' : 'other'
  return t(`${stem}_${form}` as MessageKey, new Intl.NumberFormat(language()).format(count), ...more)
}

/** Language of the texts in use (not of the browser: an untranslated browser shows English), for `lang` and for numbers. */
export const language = (): string => lookUp('language') ?? 'en'
