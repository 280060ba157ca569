/** Which lines of the history a person means: every word must be found in what the line shows, or in a whole id. */
import type { HistoryLineView } from '../../messages/view.ts'
import { formatChange, formatCredits } from '../format.ts'
import { language, t } from '../i18n.ts'
import { historyKindTexts } from '../status-texts.ts'

export const dateText = (ms: number): string => new Intl.DateTimeFormat(language(), { dateStyle: 'medium', timeStyle: 'short' }).format(ms)

const hourMs = 60 * 60_000

/** What was done, with what it was done to. */
export const kindText = ({ kind, weightMicro, claim, epoch }: HistoryLineView): string => {
  const more = weightMicro !== undefined ? formatCredits(weightMicro) : epoch !== undefined ? dateText(epoch * hourMs) : claim
  return more === undefined ? t(historyKindTexts[kind]) : t(historyKindTexts[kind], more)
}

/** A line's change; lines that change nothing have none. */
export const changeText = ({ micro }: HistoryLineView): string => (micro === 0 ? '' : formatChange(micro))

export const findLines = (lines: readonly HistoryLineView[], query: string): readonly HistoryLineView[] => {
  const words = query.toLocaleLowerCase(language()).split(/\s+/).filter(Boolean)
  if (words.length === 0) return lines
  return lines.filter((line) => {
    const shown = [kindText(line), dateText(line.time), changeText(line), `#${line.seq}`, line.party ?? '', line.id]
    const text = shown.join(' ').toLocaleLowerCase(language())
    return words.every((word) => text.includes(word))
  })
}
