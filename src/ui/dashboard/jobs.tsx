/** One's own tasks, newest first. */
import type { JobView } from '../../messages/view.ts'
import { Card } from '../components/parts.tsx'
import { t } from '../i18n.ts'
import { JobCard } from './job-card.tsx'

const shownMax = 20

export const Jobs = (props: {
  readonly jobs: readonly JobView[]
  readonly opened: string | null
  readonly onOpen: (id: string) => void
}) =>
  props.jobs.length === 0 ? null : (
    <Card id="jobs" title={t('jobsTitle')} icon="clock">
      <div className="jobs">
        {[...props.jobs]
          .sort((a, b) => b.createdMs - a.createdMs)
          .slice(0, shownMax)
          .map((job) => (
            <JobCard key={job.id} job={job} opened={job.id === props.opened} onOpen={() => props.onOpen(job.id)} />
          ))}
      </div>
    </Card>
  )
