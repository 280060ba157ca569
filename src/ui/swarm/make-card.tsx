/** Whoever is in no swarm can make one from the dashboard too. */
import { Card } from '../components/parts.tsx'
import { t } from '../i18n.ts'
import { MakeSwarm } from './make-swarm.tsx'

/** Once it is made the page shows the swarm instead of this. */
export const MakeCard = () => (
  <Card id="make-swarm" title={t('makeTitle')} icon="people">
    <MakeSwarm onMade={() => {}} />
  </Card>
)
