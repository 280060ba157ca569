/** One task: how far it is, what it has cost, how many agreed, who did what; cancel, open, remove. */
import type { JobView } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { Progress } from '../components/parts.tsx'
import { formatAgo, formatCount, formatCredits, formatPrice } from '../format.ts'
import { t, tn } from '../i18n.ts'
import { jobStateTexts } from '../status-texts.ts'
import { useRequest, useUi, useUiState } from '../ui-context.ts'
import { isOver, resultTexts } from './job-end.ts'
import { JobWorkers } from './job-workers.tsx'

export const JobCard = ({ job, opened, onOpen }: { readonly job: JobView; readonly opened: boolean; readonly onOpen: () => void }) => {
  const ui = useUi()
  const nowMs = useUiState((s) => s.nowMs)
  const { busy, error, run } = useRequest()
  return (
    <article className="job" data-testid="job" data-job-id={job.id} data-state={job.state} aria-label={job.title} data-opened={opened}>
      <header>
        <h3>{job.title}</h3>
        <span className="chip job-chip" data-job-state={job.state}>
          {t(jobStateTexts[job.state])}
        </span>
        <time dateTime={new Date(job.createdMs).toISOString()}>{formatAgo(job.createdMs, nowMs)}</time>
      </header>
      {!isOver(job) && <Progress value={job.doneTexts} max={job.texts} label={t('jobProgress', job.title)} />}
      <p className="note facts">
        <span>{t('jobTexts', formatCount(job.doneTexts), formatCount(job.texts))}</span>
        <span>{job.model}</span>
        {job.priority === 'high' && <span>{t('jobPriority')}</span>}
        <span data-testid="job-cost" data-micro={job.costMicro}>
          {job.maxCostMicro === 0 ? t('jobFree') : t('jobCost', formatCredits(job.costMicro), formatPrice(job.maxCostMicro))}
        </span>
        {agreements(job).map(([workers, texts]) => (
          <span key={workers}>{tn('jobAgreed', workers, formatCount(texts))}</span>
        ))}
        {job.truncated > 0 && <span>{tn('jobTruncated', job.truncated)}</span>}
      </p>
      <ErrorNote error={job.failure ?? error} />
      {job.workers.length > 0 && <JobWorkers workers={job.workers} />}
      <div className="actions">
        {!isOver(job) && (
          <button
            type="button"
            className="button quiet"
            data-testid="cancel"
            disabled={busy}
            onClick={() => void run(() => ui.agent.call('cancel', { job: job.id }))}
          >
            {t('jobCancel')}
          </button>
        )}
        {resultTexts(job) > 0 && !opened && (
          <button type="button" className="button quiet" data-testid="job-open" onClick={onOpen}>
            {t('jobOpen')}
          </button>
        )}
        {isOver(job) && (
          <button
            type="button"
            className="link"
            data-testid="job-remove"
            disabled={busy}
            onClick={() => void run(() => ui.agent.call('remove', { job: job.id }))}
          >
            {t('jobRemove')}
          </button>
        )}
      </div>
    </article>
  )
}

/** Most agreement first. */
const agreements = (job: JobView): (readonly [workers: number, texts: number])[] =>
  Object.entries(job.agreed)
    .map(([workers, texts]) => [Number(workers), texts] as const)
    .filter(([, texts]) => texts > 0)
    .sort(([a], [b]) => b - a)
