/** How components reach what the page knows and may ask. */
import { createContext, useCallback, useContext, useState } from 'react'
import { useStore } from 'zustand'
import { assert } from '../lib/assert.ts'
import type { Clock } from '../lib/clock.ts'
import type { Result } from '../lib/result.ts'
import type { UiError } from '../messages/view.ts'
import type { Ui, UiState } from './store.ts'

export const UiContext = createContext<{ readonly ui: Ui; readonly clock: Clock } | null>(null)

const usePage = (): { readonly ui: Ui; readonly clock: Clock } => {
  const page = useContext(UiContext)
  assert(page, 'components are inside a page')
  return page
}

export const useUi = (): Ui => usePage().ui
export const useClock = (): Clock => usePage().clock
export const useUiState = <T>(select: (state: UiState) => T): T => useStore(useUi().store, select)

export interface Request {
  readonly busy: boolean
  readonly error: UiError | null
  /** The answer, or undefined where it was an error, which then stands in `error`. */
  readonly run: <T>(asking: () => Promise<Result<T, UiError>>) => Promise<T | undefined>
  readonly clear: () => void
}

/** One thing asked at a time, with its error kept to be shown beside the button that asked. `run` and `clear` never change. */
export const useRequest = (): Request => {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<UiError | null>(null)
  const clear = useCallback(() => setError(null), [])
  const run = useCallback(async <T>(asking: () => Promise<Result<T, UiError>>): Promise<T | undefined> => {
    setBusy(true)
    setError(null)
    const answer = await asking()
    setBusy(false)
    if (answer.ok) return answer.value
    setError(answer.error)
    return undefined
  }, [])
  return { busy, error, run, clear }
}
