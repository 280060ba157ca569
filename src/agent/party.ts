/** All that a node does as a member of one swarm, put together: jobs, both sides of the contract, settlement, and what is shown of it. */
import { rulesOf } from '../economy/policy-codec.ts'
import { toHex } from '../lib/bytes.ts'
import { type Carrying, createCarrying } from './carrying.ts'
import type { AgentDeps, Membership } from './deps.ts'
import { createHistory, type History } from './history.ts'
import { createInbox, type Inbox } from './inbox.ts'
import type { Jobs } from './jobs.ts'
import { createKeepsakes, type Keepsakes } from './keepsakes.ts'
import { createLostDevices, type LostDevices } from './lost-devices.ts'
import { followUptime } from './presence.ts'
import { createPersonalTrust, type PersonalTrust } from './personal-trust.ts'
import { createRequester, type Requester, type RequesterHooks } from './requester.ts'
import { createSettlement, type Settlement } from './settlement.ts'
import { createStamping, type Stamping } from './stamping.ts'
import { coversOf, forStrangers } from './standings.ts'
import { createVouchers, type Vouchers } from './vouchers.ts'
import { createWitnessBook, type WitnessBook } from './witness-book.ts'
import { createWrongResults, type WrongResults } from './wrong-results.ts'
import { createWorker, type Worker } from './worker.ts'

export interface Party {
  readonly member: Membership
  readonly inbox: Inbox
  readonly requester: Requester
  readonly worker: Worker
  readonly settlement: Settlement
  readonly stamping: Stamping
  readonly vouchers: Vouchers
  readonly history: History
  readonly lost: LostDevices
  readonly carrying: Carrying
  readonly book: WitnessBook
  readonly keepsakes: Keepsakes
  readonly wrongResults: WrongResults
  readonly trust: PersonalTrust
}

export interface PartyHooks {
  readonly jobs: Pick<Jobs, 'payloadOf' | 'owns' | 'mayHire' | 'writesFor' | 'onTask'>
  /** Work for others may be taken on. */
  readonly willing: () => boolean
  readonly changed: () => void
}

export const createParty = async (deps: AgentDeps, member: Membership, { jobs, willing, changed }: PartyHooks): Promise<Party> => {
  const { clock, store, verifier } = deps
  const { network, policy } = member
  const rules = rulesOf(policy)
  const vouchers = createVouchers(store, toHex(member.link.swarm))
  await vouchers.resume()
  const book = createWitnessBook(verifier, rules, network)
  const { relays } = book
  const wrongResults = createWrongResults(deps, member, book, jobs.owns)
  const settlement = createSettlement(deps, member, { vouchers, book, changed })
  const stranger = forStrangers(clock, settlement.standingOf)
  /** What a requester must know of workers. */
  const asked: Pick<RequesterHooks, 'standingOf' | 'paidAhead'> = {
    standingOf: settlement.standingOf,
    paidAhead: (worker) => settlement.account()?.ahead.some(([payee]) => payee === worker) ?? false,
  }
  const trust = createPersonalTrust(clock, deps.random, deps.vault, toHex(member.device.device), followUptime(clock, network))
  const lost = createLostDevices(deps, member, { relays, changed, claimed: settlement.submit })
  return {
    member,
    book,
    wrongResults,
    trust,
    vouchers,
    settlement,
    inbox: createInbox(deps, member),
    requester: createRequester(deps, member, {
      ...jobs,
      ...asked,
      wrong: wrongResults.of,
      onOwed: settlement.owed,
      trust,
      onReserved: () => void settlement.refresh(),
    }),
    worker: createWorker(deps, member, {
      willing,
      covers: coversOf(stranger),
      onHire: changed,
      vouchers,
    }),
    stamping: createStamping(deps, member, changed),
    history: createHistory(deps, member, (party) => lost.view().devices.some(({ id }) => id === party)),
    lost,
    carrying: createCarrying(deps, member, { relays, changed }),
    keepsakes: createKeepsakes({ store, verifier, rules, issuer: policy.issuer, isWitness: book.isWitness, network }),
  }
}
