/** Keeps one link with one relay up, for as long as the network lives. */
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import type { Result } from '../lib/result.ts'
import { createBackOff } from './back-off.ts'
import type { HelloError, HelloReason } from './hello.ts'
import type { Link, RelayDialer } from './ports.ts'

export const firstRedialMs = 1_000
export const redialMsMax = 60_000
/** A link that ended sooner than this did not work: the waits go on growing. */
export const stableMs = 10_000

/** What says nothing about the link that led here: it may go well the next time. */
const passing: ReadonlySet<HelloReason> = new Set(['closed', 'timeout', 'full', 'backed-off', 'cannot-sign'])

export type RelayState = { readonly state: 'connecting' | 'open' | 'unreachable' | 'refused'; readonly why?: string }

export interface RelayKeeper {
  readonly url: string
  readonly state: () => RelayState
  /** Dials at once unless it is open or being dialled. */
  readonly wake: () => void
  readonly close: () => void
}

/** `join` resolves once hello is over; `ended` is called when that session is. */
export const createRelayKeeper = (
  url: string,
  dialer: RelayDialer,
  deps: {
    readonly clock: Clock
    readonly random: Random
    readonly join: (link: Link, ended: (reason: string) => void) => Promise<Result<void, HelloError>>
    readonly changed: () => void
  },
): RelayKeeper => {
  const backOff = createBackOff(deps.random, firstRedialMs, redialMsMax)
  let state: RelayState = { state: 'connecting' }
  let dialling = false
  let closed = false
  let stop = (): void => {}

  const become = (next: RelayState): void => {
    state = next
    deps.changed()
  }
  const again = (next: RelayState): void => {
    dialling = false
    if (closed) return
    become(next)
    stop()
    stop = deps.clock.after(backOff.nextMs(), () => void dial())
  }
  const dial = async (): Promise<void> => {
    if (dialling || closed || state.state === 'open') return
    dialling = true
    stop()
    const link = await dialer.dial(url)
    if (!link.ok) return again({ state: link.error.type === 'refused' ? 'refused' : 'unreachable', why: link.error.message })
    if (closed) return link.value.close('closed')
    const openedMs = deps.clock.now()
    let over = false
    const joined = await deps.join(link.value, (reason) => {
      over = true
      if (deps.clock.now() - openedMs >= stableMs) backOff.reset()
      again({ state: 'connecting', why: reason })
    })
    if (!joined.ok) {
      const { reason } = joined.error
      return again({ state: passing.has(reason) ? 'unreachable' : 'refused', why: reason })
    }
    if (over || closed) return
    dialling = false
    become({ state: 'open' })
  }

  void dial()
  return {
    url,
    state: () => state,
    wake: () => {
      backOff.reset()
      void dial()
    },
    close: () => {
      closed = true
      stop()
    },
  }
}
