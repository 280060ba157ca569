/** The price of what is in the form, asked a moment after the last change; an answer that was overtaken is dropped. */
import { useEffect, useMemo, useState } from 'react'
import type { AgentCommands, Priority, UiError } from '../../messages/view.ts'
import { useClock, useUi } from '../ui-context.ts'

export type Quote = AgentCommands['quote']['answer']
export type QuoteState =
  | { readonly name: 'none' | 'asking' }
  | { readonly name: 'ready'; readonly quote: Quote }
  | { readonly name: 'error'; readonly error: UiError }

const askAfterMs = 350

/** `texts` null: there is nothing to ask about. Its identity says whether it changed. */
export const useQuote = (texts: readonly string[] | null, model: string, redundancy: number, priority: Priority): QuoteState => {
  const { agent } = useUi()
  const clock = useClock()
  const asked = useMemo(() => (texts && model !== '' ? { texts, model, redundancy, priority } : null), [texts, model, redundancy, priority])
  const [answered, setAnswered] = useState<{ readonly to: typeof asked; readonly state: QuoteState } | null>(null)
  useEffect(() => {
    if (!asked) return
    let overtaken = false
    const callOff = clock.after(askAfterMs, () => {
      void agent.call('quote', asked).then((answer) => {
        if (overtaken) return
        setAnswered({ to: asked, state: answer.ok ? { name: 'ready', quote: answer.value } : { name: 'error', error: answer.error } })
      })
    })
    return () => {
      overtaken = true
      callOff()
    }
  }, [agent, clock, asked])
  if (!asked) return { name: 'none' }
  return answered?.to === asked ? answered.state : { name: 'asking' }
}
