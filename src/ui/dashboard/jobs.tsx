/** One's own tasks, newest first: all that are under way, and the last few that are over. */
import { useState } from 'react'
import type { JobView } from '../../messages/view.ts'
import { Card } from '../components/parts.tsx'
import { t, tn } from '../i18n.ts'
import { JobCard } from './job-card.tsx'
import { isOver } from './job-end.ts'

const overShownFirst = 3

export const Jobs = (props: {
  readonly jobs: readonly JobView[]
  readonly opened: string | null
  readonly onOpen: (id: string) => void
}) => {
  const [all, setAll] = useState(false)
  const sorted = [...props.jobs].sort((a, b) => b.createdMs - a.createdMs)
  const shown = all ? sorted : sorted.filter((job) => !isOver(job) || sorted.filter(isOver).indexOf(job) < overShownFirst)
  return (
    <Card id="jobs" title={t('jobsTitle')} icon="clock">
      <div className="jobs">
        {sorted.length === 0 && <p className="note">{t('jobsNone')}</p>}
        {shown.map((job) => (
          <JobCard key={job.id} job={job} opened={job.id === props.opened} onOpen={() => props.onOpen(job.id)} />
        ))}
        {sorted.length > shown.length && (
          <button type="button" className="link" data-testid="jobs-more" onClick={() => setAll(true)}>
            {tn('jobsMore', sorted.length - shown.length)}
          </button>
        )}
      </div>
    </Card>
  )
}
