/** Tells screen readers how the newest task goes on: every change of state, and progress in steps of a tenth. */
import type { JobView } from '../../messages/view.ts'
import { formatPercent } from '../format.ts'
import { t } from '../i18n.ts'
import { jobStateTexts } from '../status-texts.ts'

export const Announcer = ({ jobs }: { readonly jobs: readonly JobView[] }) => {
  const newest = jobs.reduce<JobView | undefined>((a, b) => (a && a.createdMs > b.createdMs ? a : b), undefined)
  const tenths = newest && newest.texts > 0 ? Math.floor((newest.doneTexts / newest.texts) * 10) / 10 : 0
  return (
    <p className="visually-hidden" role="status">
      {newest && `${newest.title}: ${t(jobStateTexts[newest.state])}`}
      {newest?.state === 'working' && `, ${formatPercent(tenths)}`}
    </p>
  )
}
