/** What cannot be undone, or hits others, asks twice: the link opens the question, its button does it. */
import { type ReactNode, useState } from 'react'
import type { Result } from '../../lib/result.ts'
import type { UiError } from '../../messages/view.ts'
import { t } from '../i18n.ts'
import { useRequest } from '../ui-context.ts'
import { ErrorNote } from './error-note.tsx'

export const Twice = (props: {
  readonly testid: string
  readonly text: string
  /** Where several on a page read alike: the whole of it, for those who hear it. */
  readonly label?: string
  readonly question: string
  readonly disabled?: boolean
  readonly act: () => Promise<Result<unknown, UiError>>
  readonly children?: ReactNode
}) => {
  /** False: it was, and is not any more: the focus goes back to where it came from. */
  const [asking, setAsking] = useState<boolean | null>(null)
  const { busy, error, run } = useRequest()
  const label = props.label ?? props.text
  if (!asking)
    return (
      <button
        type="button"
        className="link danger"
        data-testid={props.testid}
        aria-label={label}
        disabled={props.disabled}
        autoFocus={asking === false}
        onClick={() => setAsking(true)}
      >
        {props.text}
      </button>
    )
  return (
    <div className="twice" role="group" aria-label={label}>
      <p>{props.question}</p>
      {props.children}
      <div className="actions">
        <button
          type="button"
          className="button danger"
          data-testid={`${props.testid}-yes`}
          disabled={busy || props.disabled}
          onClick={() => void run(props.act).then((done) => done !== undefined && setAsking(false))}
        >
          {props.text}
        </button>
        <button type="button" className="button quiet" autoFocus onClick={() => setAsking(false)}>
          {t('keep')}
        </button>
      </div>
      <ErrorNote error={error} />
    </div>
  )
}
