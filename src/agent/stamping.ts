/**
 * Makes this device's stamp for the swarm once it is in it and has no account yet (economy/stamp.ts): before it, the vault gives out
 * no `join`. Off the main thread, called off when the swarm is left or work is paused, begun anew then: tries have no memory.
 */
import type { VaultStatus } from '../vault/vault.ts'
import type { AgentDeps, Membership } from './deps.ts'

/** After a Worker that could not run, or a vault that did not answer. */
const retryMs = 30_000

export interface StampProgress {
  readonly tries: number
  /** On average it takes so many, whatever was tried before. */
  readonly triesExpected: number
}

export interface Stamping {
  /** Begins where a stamp is missing and may be made now, calls off where it may not be any more. */
  readonly tick: (now: { readonly wanted: boolean }) => void
  /** Null: none is being made. */
  readonly progress: () => StampProgress | null
  readonly stop: () => void
}

export const createStamping = (
  { vault, makeStamp, clock }: Pick<AgentDeps, 'vault' | 'makeStamp' | 'clock'>,
  { device, link, policy }: Pick<Membership, 'device' | 'link' | 'policy'>,
  changed: () => void,
): Stamping => {
  const wantedStamp = { device: device.device, swarm: link.swarm, bits: policy.stampBits }
  let making: AbortController | undefined
  let progress: StampProgress | null = null
  let kept = policy.stampBits === 0
  let restUntilMs = 0

  const make = async (signal: AbortSignal): Promise<void> => {
    const known = await vault.call('stamp', 'stamp', { stamp: null })
    if (!known.ok) return
    kept = known.value.stamp !== null
    if (kept || signal.aborted) return
    const tried = (tries: number): void => {
      progress = { tries, triesExpected: 2 ** policy.stampBits }
      changed()
    }
    tried(0)
    const stamp = await makeStamp(wantedStamp, { signal, onTries: tried })
    if (stamp) kept = (await vault.call('stamp', 'stamp', { stamp })).ok
  }
  const begin = (): void => {
    const controller = new AbortController()
    making = controller
    void make(controller.signal)
      .catch(() => {})
      .then(() => {
        if (making === controller) making = undefined
        progress = null
        if (!kept && !controller.signal.aborted) restUntilMs = clock.now() + retryMs
        changed()
      })
  }
  const stop = (): void => making?.abort()

  return {
    tick: ({ wanted }) => {
      if (!wanted) stop()
      else if (!kept && !making && clock.now() >= restUntilMs) begin()
    },
    progress: () => progress,
    stop,
  }
}

/** Whether a stamp is to be made now: the swarm's word on our head was taken, and there is no account yet. */
export const stampWanted = (status: VaultStatus, account: { readonly summary: unknown } | undefined): boolean =>
  status.swarm?.headChecked === true && account !== undefined && account.summary === null
