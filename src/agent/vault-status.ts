/** The vault's state as the agent begins with it, and whether a change of it opens the network anew. */
import type { SwarmLink } from '../economy/link.ts'
import { equalBytes } from '../lib/bytes.ts'
import type { VaultStatus } from '../vault/vault.ts'
import type { AgentDeps } from './deps.ts'

const askAgainMs = 1_000

/** The background may be starting as we are: its status is asked for until it answers. */
export const readStatus = async ({ vault, clock }: AgentDeps): Promise<VaultStatus> => {
  for (;;) {
    const read = await vault.call('status', 'status', {})
    if (read.ok) return read.value
    await new Promise<void>((resolve) => void clock.after(askAgainMs, resolve))
  }
}

export const sameSwarm = (a: VaultStatus, b: VaultStatus): boolean =>
  a.settings.consented === b.settings.consented &&
  equalBytes(a.device.device, b.device.device) &&
  (a.swarm === null || b.swarm === null
    ? a.swarm === b.swarm
    : equalBytes(a.swarm.link.swarm, b.swarm.link.swarm) && sameAddresses(a.swarm.link, b.swarm.link))

const sameAddresses = (a: SwarmLink, b: SwarmLink): boolean =>
  a.relays.join() === b.relays.join() && a.trackers.join() === b.trackers.join()
