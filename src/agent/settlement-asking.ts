/** What a node asks of the relays for itself: a newcomer's grant, and word of payments that were promised and did not come. */
import type { NodeId } from '../identity/keys.ts'
import { sample } from '../lib/random.ts'
import type { WireMessage } from '../network/wire.ts'
import type { AgentDeps, Membership } from './deps.ts'

/** Each time in a row twice as late, up to the most: a relay that everybody joins at has each of them ask. */
const redeemEveryMs = 5_000
const redeemEveryMsMax = 60_000
/**
 * What is promised and does not come may be paid and the word of it lost: a relay is asked, each time in a row twice as late. The
 * promise may be lost as well, so who waits for nothing asks too, as seldom.
 */
const askIncomesMs = 60_000
const askIncomesMsMax = 10 * 60_000

export interface Asking {
  /** For one whose account is not open yet. */
  readonly redeem: () => Promise<void>
  /** A relay has come: it may be the one that was waited for. */
  readonly linked: () => void
  /** `promisedMicro`: earned, promised and not paid. */
  readonly incomes: (promisedMicro: number) => Promise<void>
  /** One relay has said of a payment what takes several to believe. */
  readonly rest: () => Promise<void>
  readonly refusedGrant: (reason: string) => void
  /** Why there is no grant, in the issuer's words. */
  readonly grantRefused: () => string | undefined
}

export const createAsking = (
  { clock, random, vault }: Pick<AgentDeps, 'clock' | 'random' | 'vault'>,
  { link, device, network }: Membership,
  relays: () => readonly NodeId[],
): Asking => {
  let redeemedMs = 0
  let redeemAfterMs = 0
  let refused: string | undefined
  let restAskedMs = -askIncomesMs
  let promised = { micro: 0, askedMs: clock.now(), askAfterMs: askIncomesMs }
  const send = (to: readonly NodeId[], message: WireMessage): Promise<unknown> => Promise.all(to.map((id) => network.send(id, message)))
  return {
    redeem: async () => {
      if (link.invite === null || refused !== undefined || clock.now() - redeemedMs < redeemAfterMs) return
      const join = await vault.call('joinOp', 'joinOp', {})
      // Its stamp is still being made.
      if (!join.ok) return
      redeemedMs = clock.now()
      redeemAfterMs = Math.min(Math.max(redeemEveryMs, 2 * redeemAfterMs), redeemEveryMsMax)
      await send(relays(), ['redeem', { token: link.invite, join: join.value.join }])
    },
    linked: () => void (redeemAfterMs = Math.min(redeemAfterMs, redeemEveryMs)),
    /** Relays tell whoever asks for its own head what was paid to it and it has not claimed. */
    incomes: async (micro) => {
      const now = clock.now()
      // Something was paid, or is promised anew: it is waited for. More of it changes nothing.
      if (micro < promised.micro || (promised.micro === 0 && micro > 0)) promised = { micro, askedMs: now, askAfterMs: askIncomesMs }
      promised = { ...promised, micro }
      if (now - promised.askedMs < (micro === 0 ? askIncomesMsMax : promised.askAfterMs)) return
      promised = { micro, askedMs: now, askAfterMs: Math.min(2 * promised.askAfterMs, askIncomesMsMax) }
      await send(sample(random, relays(), 1), ['head?', { author: device.device }])
    },
    rest: async () => {
      if (clock.now() - restAskedMs < askIncomesMs) return
      restAskedMs = clock.now()
      await send(relays(), ['head?', { author: device.device }])
    },
    refusedGrant: (reason) => {
      refused = reason
    },
    grantRefused: () => refused,
  }
}
