/** Search by meaning over a task's results: on this computer, free, also offline. */
import { useState, type FormEvent } from 'react'
import type { AgentCommands } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { Icon } from '../components/icon.tsx'
import { formatDuration } from '../format.ts'
import { t, tn } from '../i18n.ts'
import { useRequest, useUi } from '../ui-context.ts'

type Found = AgentCommands['search']['answer'] & { readonly query: string }

const hitCounts = [10, 25, 50, 100] as const
const queryCharsMax = 2_000

export const Search = ({ job }: { readonly job: string }) => {
  const ui = useUi()
  const [query, setQuery] = useState('')
  const [k, setK] = useState<number>(hitCounts[0])
  const [found, setFound] = useState<Found | null>(null)
  const { busy, error, run } = useRequest()
  const search = (event: FormEvent): void => {
    event.preventDefault()
    const asked = query.trim()
    if (asked === '' || busy) return
    setFound(null)
    void run(() => ui.agent.call('search', { job, query: asked, k })).then((answer) => answer && setFound({ ...answer, query: asked }))
  }
  return (
    <div className="search">
      <form role="search" onSubmit={search}>
        <label className="visually-hidden" htmlFor="query">
          {t('searchLabel')}
        </label>
        <input
          id="query"
          type="search"
          data-testid="search-input"
          value={query}
          maxLength={queryCharsMax}
          placeholder={t('searchPlaceholder')}
          onChange={(event) => setQuery(event.target.value)}
        />
        <select data-testid="search-k" aria-label={t('searchCount')} value={k} onChange={(event) => setK(Number(event.target.value))}>
          {hitCounts.map((n) => (
            <option key={n} value={n}>
              {t('searchTop', n)}
            </option>
          ))}
        </select>
        <button type="submit" className="button" data-testid="search-button" disabled={busy || query.trim() === ''}>
          <Icon name="search" />
          {t('search')}
        </button>
      </form>
      <div
        data-testid="search-results"
        data-state={busy ? 'searching' : found ? 'ready' : 'none'}
        data-query={found?.query ?? ''}
        data-search-ms={found?.searchMs}
        aria-live="polite"
        aria-busy={busy}
      >
        <ErrorNote error={error} />
        {found && (
          <>
            <p className="note">{tn('searchFound', found.hits.length, found.query, formatDuration(found.searchMs))}</p>
            <ol className="hits">
              {found.hits.map((hit) => (
                <li key={hit.row} data-testid="hit" data-row={hit.row} data-id={hit.id} data-score={hit.score}>
                  <span className="hit-score" title={String(hit.score)}>
                    {hit.score.toFixed(3)}
                    <span className="hit-bar" style={{ transform: `scaleX(${Math.min(1, Math.max(0, hit.score))})` }} />
                  </span>
                  <span className="hit-text">{hit.text}</span>
                  <span className="hit-id">{hit.id}</span>
                </li>
              ))}
            </ol>
          </>
        )}
      </div>
    </div>
  )
}
