/** What came in and went out, as the own chain in the ledger tells it; searched, and each entry checked on demand. */
import { useEffect, useId, useState } from 'react'
import type { EntryCheckView, HistoryLineView } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { Card, Id } from '../components/parts.tsx'
import { t, tn } from '../i18n.ts'
import { entryFaultTexts } from '../status-texts.ts'
import { useRequest, useUi, useUiState } from '../ui-context.ts'
import { changeText, dateText, findLines, kindText } from './find-lines.ts'

const shownFirst = 8
const shownMore = 50

export const HistoryCard = () => {
  const ui = useUi()
  const [lines, setLines] = useState<readonly HistoryLineView[] | null>(null)
  const [more, setMore] = useState(false)
  const [query, setQuery] = useState('')
  const [shown, setShown] = useState(shownFirst)
  const { busy, error, run } = useRequest()
  const searchId = useId()
  // Every entry, and every certificate on one, moves one of these.
  const version = useUiState(
    ({ view }) =>
      view &&
      [
        view.swarm?.id,
        view.credits.earnedMicro,
        view.credits.spentMicro,
        view.credits.owedMicro,
        view.deposit?.certifiedMicro,
        view.deposit?.waitingMicro,
      ].join(),
  )
  useEffect(() => {
    let left = false
    void run(() => ui.agent.call('history', { before: null })).then((page) => {
      if (!page || left) return
      setLines(page.lines)
      setMore(page.more)
    })
    return () => {
      left = true
    }
  }, [ui, run, version])

  const loadOlder = async (): Promise<void> => {
    if (lines === null) return
    const last = lines.at(-1)
    const page = last && (await run(() => ui.agent.call('history', { before: last.seq })))
    if (!page) return
    setLines([...lines, ...page.lines])
    setMore(page.more)
  }
  const found = findLines(lines ?? [], query)
  return (
    <Card id="history" title={t('historyTitle')} icon="book">
      <ErrorNote error={error} />
      <div data-testid="history" data-state={lines === null ? 'loading' : 'ready'} aria-busy={busy}>
        {lines?.length === 0 && <p className="note">{t('historyNone')}</p>}
        {lines !== null && lines.length > 0 && (
          <>
            <label className="visually-hidden" htmlFor={searchId}>
              {t('historySearch')}
            </label>
            <input
              id={searchId}
              type="search"
              data-testid="history-search"
              value={query}
              placeholder={t('historySearch')}
              onChange={(event) => setQuery(event.target.value)}
            />
            <p className="note" role="status">
              {query.trim() === '' ? '' : tn('historyFound', found.length)}
            </p>
            <div className="table-frame">
              <table>
                <thead>
                  <tr>
                    <th scope="col">{t('historyWhat')}</th>
                    <th scope="col">{t('historyWhen')}</th>
                    <th scope="col">{t('historyWith')}</th>
                    <th scope="col">{t('historyChange')}</th>
                    <th scope="col">{t('historyEntry')}</th>
                  </tr>
                </thead>
                <tbody>
                  {found.slice(0, shown).map((line, i) => (
                    <Line key={`${line.seq}/${i}`} line={line} />
                  ))}
                </tbody>
              </table>
            </div>
            {found.length > shown && (
              <button type="button" className="link" onClick={() => setShown(shown + shownMore)}>
                {tn('historyShow', Math.min(shownMore, found.length - shown))}
              </button>
            )}
            {found.length <= shown && more && (
              <button type="button" className="link" disabled={busy} data-testid="history-older" onClick={() => void loadOlder()}>
                {t('historyOlder')}
              </button>
            )}
          </>
        )}
      </div>
    </Card>
  )
}

const Line = ({ line }: { readonly line: HistoryLineView }) => {
  const ui = useUi()
  const [check, setCheck] = useState<EntryCheckView | null>(null)
  const { busy, error, run } = useRequest()
  const ask = (): void => void run(() => ui.agent.call('checkEntry', { seq: line.seq })).then((answer) => answer && setCheck(answer))
  return (
    <>
      <tr data-testid="history-line" data-kind={line.kind} data-seq={line.seq} data-micro={line.micro} data-certified={line.certified}>
        <td>
          {kindText(line)}
          {!line.certified && <span className="badge">{t('historyWaiting')}</span>}
        </td>
        <td>{dateText(line.time)}</td>
        <td>{line.party === null ? '' : <Id value={line.party} />}</td>
        <td>{changeText(line)}</td>
        <td>
          <button
            type="button"
            className="link"
            data-testid="history-check"
            title={line.id}
            disabled={busy}
            onClick={ask}
          >
            {t('historyCheck', line.seq)}
          </button>
        </td>
      </tr>
      {(check ?? error) && (
        <tr data-testid="history-checked" data-fault={check?.fault ?? (check ? 'none' : 'error')}>
          <td colSpan={5}>
            <div role="status">
              <ErrorNote error={error} />
              {check && <Checked check={check} />}
            </div>
          </td>
        </tr>
      )}
    </>
  )
}

/** What was checked in words, and what to do where something does not hold. */
const Checked = ({ check: { fault, id, signed, witnesses, quorum } }: { readonly check: EntryCheckView }) => (
  <p className={fault === null ? 'good' : fault === 'waiting' ? 'note' : 'bad'}>
    {fault === null ? tn('historyHolds', signed, witnesses, quorum) : t(entryFaultTexts[fault])}{' '}
    {id !== '' && <code className="whole">{id}</code>}
  </p>
)
