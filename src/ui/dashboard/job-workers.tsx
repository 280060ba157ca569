/** Who computed a task: how much of each one's answers stood the comparison, and what it was paid. */
import type { JobView } from '../../messages/view.ts'
import { Id } from '../components/parts.tsx'
import { formatCount, formatCredits } from '../format.ts'
import { t, tn } from '../i18n.ts'

export const JobWorkers = ({ workers }: { readonly workers: JobView['workers'] }) => (
  <details className="workers" data-testid="job-workers">
    <summary>{tn('workersTitle', workers.length)}</summary>
    <div className="table-frame">
      <table>
        <thead>
          <tr>
            <th scope="col">{t('workerId')}</th>
            <th scope="col">{t('workerAccepted')}</th>
            <th scope="col">{t('workerRejected')}</th>
            <th scope="col">{t('workerMissing')}</th>
            <th scope="col">{t('workerPaid')}</th>
          </tr>
        </thead>
        <tbody>
          {workers.map((worker) => (
            <tr key={worker.id} data-testid="job-worker" data-worker-id={worker.id} data-outvoted={worker.rejected > worker.accepted}>
              <th scope="row">
                <Id value={worker.id} />
              </th>
              <td>{formatCount(worker.accepted)}</td>
              <td>{formatCount(worker.rejected)}</td>
              <td>{formatCount(worker.missing)}</td>
              <td>{formatCredits(worker.paidMicro)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  </details>
)
