/** What came back: searched by meaning, looked at, saved. Vectors are fetched once, when something needs them. */
import { useEffect, useState } from 'react'
import type { JobView } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { Icon } from '../components/icon.tsx'
import { Card } from '../components/parts.tsx'
import { formatCount } from '../format.ts'
import { t } from '../i18n.ts'
import { type ResultRows, toJsonLines, toNpy } from '../result-files.ts'
import { saveFile } from '../save-file.ts'
import { useRequest, useUi } from '../ui-context.ts'
import { resultTexts } from './job-end.ts'
import { ResultsPreview } from './results-preview.tsx'
import { Search } from './search.tsx'

export const ResultsCard = ({ job }: { readonly job: JobView }) => {
  const ui = useUi()
  const [rows, setRows] = useState<ResultRows | null>(null)
  const { error, run } = useRequest()
  useEffect(() => {
    let left = false
    void run(() => ui.agent.call('results', { job: job.id })).then((answer) => {
      if (answer && !left) setRows(answer)
    })
    return () => {
      left = true
    }
  }, [ui, job.id, run])

  const here = resultTexts(job)
  const title =
    job.title
      .replace(/[^\p{L}\p{N}]+/gu, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 40) || 'results'
  // Who finds the file later sees that it is not the whole.
  const fileName = here < job.texts ? `${title}-${here}-of-${job.texts}` : title
  return (
    <Card id="results" title={t('resultsTitle', job.title)} icon="search">
      <div data-testid="results" data-job-id={job.id} data-loaded={rows !== null}>
        {here < job.texts && (
          <p className="note" data-testid="results-part">
            {t('resultsPart', formatCount(here), formatCount(job.texts))}
          </p>
        )}
        <Search job={job.id} />
        <ErrorNote error={error} />
        {rows && (
          <>
            <ResultsPreview rows={rows} />
            <div className="actions">
              <button
                type="button"
                className="button quiet"
                data-testid="results-download-npy"
                onClick={() => saveFile(`${fileName}.npy`, [toNpy(rows.vectors, rows.dimension)], 'application/octet-stream')}
              >
                <Icon name="download" />
                {t('downloadNpy')}
              </button>
              <button
                type="button"
                className="button quiet"
                data-testid="results-download-jsonl"
                onClick={() => saveFile(`${fileName}.jsonl`, toJsonLines(rows), 'application/jsonl')}
              >
                <Icon name="download" />
                {t('downloadJsonl')}
              </button>
            </div>
          </>
        )}
      </div>
    </Card>
  )
}
