/**
 * Whether a worker agrees, and what it wants to see paid before (spec: economy.md, *tab*, *Limits*): where the swarm pays ahead,
 * work beyond a requester's tab is agreed to as soon as its certified payments reach what that work brings them to. Nothing of this
 * is stored: the requester proposes again until it is agreed to, and is told the same again.
 */
import { agreementsPerRequesterAndHour } from '../contract/limits.ts'
import type { Body } from '../contract/messages.ts'
import type { Hire } from '../contract/worker.ts'
import type { Policy } from '../economy/policy.ts'
import type { NodeId } from '../identity/keys.ts'
import { type Bytes, fromHex, toHex } from '../lib/bytes.ts'
import { createKeyedRate } from '../network/rate.ts'
import type { AgentDeps, Membership } from './deps.ts'
import type { Vouchers } from './vouchers.ts'
import { agreedMicro, costMicro, linkedIdentity, tabOf, whyNot } from './worker-terms.ts'

/** Agreements that wait for their payment, remembered so that it is answered at once; what is more waits to be proposed again. */
const waitingMax = 64
/** Identities whose agreements are counted at once. */
const identitiesMax = 1_024

export type Admission =
  | { readonly do: 'agree' }
  | { readonly do: 'refuse'; readonly reason: string }
  /** Not before certified entries of the requester pay so much in all, in µcr. */
  | { readonly do: 'ask'; readonly total: number }

export interface Admissions {
  readonly decide: (hire: Hire | undefined, from: NodeId, body: Body<'agreement'>, hires: readonly Hire[]) => Admission
  /** Asks to be paid; `again` is called once a payment of the requester has been certified. */
  readonly ask: (requester: NodeId, agreement: Bytes, sow: Bytes, total: number, again: () => Promise<void>) => Promise<void>
  /** The requester takes back an agreement that waits for its payment: no later one is for it. The sow's id; undefined: none waits. */
  readonly calledOff: (requester: NodeId, agreement: Bytes) => string | undefined
}

export const createAdmissions = (
  { vault, clock }: Pick<AgentDeps, 'vault' | 'clock'>,
  { network, policy }: { readonly network: Membership['network']; readonly policy: Pick<Policy, 'tabMicro' | 'prepayMicro'> },
  { vouchers, willing }: { readonly vouchers: Vouchers; readonly willing: () => boolean },
  messageLifeMs: number,
): Admissions => {
  const waiting = new Map<string, { readonly requester: NodeId; readonly sow: string; readonly again: () => Promise<void> }>()
  const hourly = createKeyedRate(clock, agreementsPerRequesterAndHour / 60, identitiesMax, agreementsPerRequesterAndHour)
  vouchers.onCertified((requester) => {
    for (const [key, one] of waiting) {
      if (one.requester !== requester) continue
      waiting.delete(key)
      void one.again()
    }
  })
  const identityOf = linkedIdentity(network)
  return {
    decide: (hire, from, body, hires) => {
      const reason = whyNot(hire, from, body, { hires, willing: willing(), now: clock.now(), identityOf })
      if (reason !== undefined) return { do: 'refuse', reason }
      const certified = vouchers.certifiedMicro(from)
      const [agreed, cost] = [agreedMicro(hires, from), costMicro(body.units, body.price)]
      const tab = tabOf(policy, certified)
      const over = vouchers.exposedMicro(from, clock.now()) + agreed + cost - tab
      if (policy.prepayMicro > 0 && over > 0) {
        // Beyond what was delivered nobody promises more than a step, nor more than this work comes to: what is agreed on comes first.
        if (agreed + cost - tab > Math.min(policy.prepayMicro, cost)) return { do: 'refuse', reason: 'too much to be paid ahead' }
        return { do: 'ask', total: certified + over }
      }
      return hourly.take(identityOf(from)) ? { do: 'agree' } : { do: 'refuse', reason: 'too many tasks within an hour' }
    },
    calledOff: (requester, agreement) => {
      const asked = waiting.get(toHex(agreement))
      if (asked?.requester !== requester) return undefined
      waiting.delete(toHex(agreement))
      return asked.sow
    },
    ask: async (requester, agreement, sow, total, again) => {
      const key = toHex(agreement)
      waiting.delete(key)
      waiting.set(key, { requester, sow: toHex(sow), again })
      if (waiting.size > waitingMax) waiting.delete(waiting.keys().next().value!)
      const signed = await vault.call(`ask/${key}/${total}`, 'sign', {
        kind: 'prepay',
        to: fromHex(requester)!,
        expires: clock.now() + messageLifeMs,
        body: { agreement, total },
      })
      if (signed.ok) await network.send(requester, ['signed', { message: signed.value.message, hops: 0 }])
    },
  }
}
