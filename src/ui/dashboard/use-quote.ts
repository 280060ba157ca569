/** The price of what is in the form, asked a moment after the last change; an answer that was overtaken is dropped. */
import { useEffect, useState } from 'react'
import type { AgentCommands, UiError } from '../../messages/view.ts'
import { useClock, useUi } from '../ui-context.ts'

export type Quote = AgentCommands['quote']['answer']
export type QuoteState =
  | { readonly name: 'none' | 'asking' }
  | { readonly name: 'ready'; readonly quote: Quote }
  | { readonly name: 'error'; readonly error: UiError }

const askAfterMs = 350

/** `texts` null: there is nothing to ask about. Its identity says whether it changed. */
export const useQuote = (texts: readonly string[] | null, model: string, redundancy: number): QuoteState => {
  const { agent } = useUi()
  const clock = useClock()
  const [state, setState] = useState<QuoteState>({ name: 'none' })
  useEffect(() => {
    if (!texts || model === '') {
      setState({ name: 'none' })
      return
    }
    let overtaken = false
    setState({ name: 'asking' })
    const callOff = clock.after(askAfterMs, () => {
      void agent.call('quote', { texts, model, redundancy }).then((answer) => {
        if (overtaken) return
        setState(answer.ok ? { name: 'ready', quote: answer.value } : { name: 'error', error: answer.error })
      })
    })
    return () => {
      overtaken = true
      callOff()
    }
  }, [agent, clock, texts, model, redundancy])
  return state
}
