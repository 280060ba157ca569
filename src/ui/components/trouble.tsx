/** What stands against the account or its swarm; of a closed account, by whose judgement and why. */
import type { AgentView } from '../../messages/view.ts'
import { t } from '../i18n.ts'
import { closedTexts, troubleTexts } from '../status-texts.ts'

export const Trouble = ({ view: { trouble, closedFor } }: { readonly view: Pick<AgentView, 'trouble' | 'closedFor'> }) =>
  trouble && (
    <p className="note warn" role="alert" data-testid="trouble" data-trouble={trouble} data-for={closedFor ?? undefined}>
      {t(troubleTexts[trouble])}
      {trouble === 'closed' && closedFor && ` ${t(closedTexts[closedFor])}`}
    </p>
  )
