/**
 * What each call does. A call with an effect writes its answer under the request id in the same commit (`once`), or has an
 * effect that a second time changes nothing: to release, to certify, to adopt, to keep the one policy or the newest notice.
 */
import { signMessage } from '../contract/signed.ts'
import { takeNotice } from '../economy/notice-book.ts'
import { verifyNotice } from '../economy/notice-codec.ts'
import { verifyPolicy } from '../economy/policy-codec.ts'
import { helloMessage } from '../identity/hello-message.ts'
import type { Verifier } from '../identity/keys.ts'
import { encodeJoin } from '../ledger/entry.ts'
import type { OwnChain } from '../ledger/own-chain.ts'
import { parseVerdict } from '../ledger/verdict.ts'
import { assert } from '../lib/assert.ts'
import { equalBytes } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { StoreValue, Write } from '../lib/store.ts'
import { refused, storeFailed } from './errors.ts'
import { admitIssuer, admitWitness } from './founding-signatures.ts'
import type { FoundingRecord } from './founding.ts'
import type { Identity } from './identity.ts'
import type { KeyKeeper } from './key-keeper.ts'
import { reportsIn } from './reports.ts'
import { joinOpOf, type Pending, type Settling } from './settling.ts'
import type { Planned, Spending } from './spending.ts'
import { statementOf } from './statement.ts'
import { noticesOf, type SwarmRecord, withNotices } from './swarm-record.ts'
import type { Swarm } from './swarm.ts'
import type { VaultCall, VaultCalls, VaultError, VaultStatus } from './vault.ts'

export type Answer<C extends VaultCall> = Promise<Result<VaultCalls[C]['answer'], VaultError>>
export type Handlers = { readonly [C in VaultCall]: (id: string, args: VaultCalls[C]['args']) => Answer<C> }

/** The vault's present state, and how its swarm record is replaced. */
export interface CallContext {
  readonly verifier: Verifier
  readonly session: string
  readonly keeper: KeyKeeper
  readonly identity: () => Identity
  readonly swarm: () => Swarm | undefined
  readonly status: () => VaultStatus
  readonly headChecked: () => boolean
  readonly keepSwarm: (record: SwarmRecord, founding?: FoundingRecord) => Promise<Result<void, VaultError>>
}

/** Lines in one answer of `statement`; an entry has at most 256 payments and 64 claims. */
const statementLinesMax = 1_000

const noPolicy: Result<never, VaultError> = refused('the policy of this swarm is not known yet')
const policyUnread: Result<never, VaultError> = err({ type: 'policy-unread' })
const otherCall: Result<never, VaultError> = refused('this request id was used for another call')

export const createHandlers = ({ verifier, session, keeper, identity, swarm, status, headChecked, keepSwarm }: CallContext): Handlers => {
  /** Calls outside of a swarm are refused before they come here. */
  const here = (): Swarm => {
    const at = swarm()
    assert(at, 'in a swarm')
    return at
  }

  /** Why there are no books. */
  const without = (): Result<never, VaultError> => (here().unread ? policyUnread : noPolicy)

  /** Gives the stored answer where there is one, else plans, and keeps effect and answer in one commit. */
  const once = async <A>(
    id: string,
    call: VaultCall,
    plan: (spending: Spending, chain: OwnChain) => Promise<Planned<A>>,
  ): Promise<Result<A, VaultError>> => {
    const { books, answers, spending, store } = here()
    if (!books) return without()
    const known = await answers.find(id, call)
    if (known === 'other') return otherCall
    if (known) return ok(known.answer as A)
    const planned = await plan(spending, books.chain)
    if (!planned.ok) return planned
    const { answer, writes } = planned.value
    const done = await store.commit([...writes, answers.write(id, call, answer as StoreValue)])
    return done.ok ? ok(answer) : storeFailed(done.error)
  }

  /** For calls whose effect is an entry: asked again they see to it that it is there, and say what waits for a certificate now. */
  const appending = async (
    id: string,
    call: VaultCall,
    act: (settling: Settling, answered: Write) => Promise<Pending>,
  ): Promise<Pending> => {
    const { books, answers } = here()
    if (!books) return without()
    const known = await answers.find(id, call)
    if (known === 'other') return otherCall
    return known ? books.settling.resume() : act(books.settling, answers.write(id, call, null))
  }

  const withBooks = async <A>(
    act: (books: NonNullable<Swarm['books']>) => Promise<Result<A, VaultError>>,
  ): Promise<Result<A, VaultError>> => {
    const { books } = here()
    return books ? act(books) : without()
  }

  return {
    status: async () => ok(status()),
    hello: async (_, fields) => {
      const { certificate, signer } = identity()
      return ok({ signature: await signer.sign(helloMessage(here().record.link.swarm, certificate.device, fields)) })
    },
    stamp: (_, { stamp }) =>
      withBooks(async ({ stamps, settling }) => {
        const done = stamp ? await stamps.keep(stamp) : ok(undefined)
        if (!done.ok) return done
        if (stamp) await settling.resume()
        return ok({ stamp: await stamps.kept() })
      }),
    joinOp: async () => {
      const books = swarm()?.books
      const stamp = books ? await books.stamps.kept() : new Uint8Array(0)
      return stamp ? ok({ join: encodeJoin(joinOpOf(identity().certificate, stamp)) }) : refused('the stamp is not made yet')
    },

    policy: async (_, { signedPolicy }) => {
      const { record } = here()
      if (record.policy !== null) return equalBytes(record.policy, signedPolicy) ? ok({}) : refused('another policy is known of this swarm')
      const good = await verifyPolicy(verifier, signedPolicy, record.link)
      if (!good.ok) return good.error.reason === 'version' ? policyUnread : refused(`policy: ${good.error.reason}`)
      return nothing(await keepSwarm({ ...record, policy: signedPolicy }))
    },

    notice: async (_, { notice }) => {
      const { record } = here()
      const good = await verifyNotice(verifier, notice, record.link)
      if (!good.ok) return refused(`notice: ${good.error.reason}`)
      const before = noticesOf(record)
      const after = takeNotice(before, good.value)
      return after === before ? ok({}) : nothing(await keepSwarm(withNotices(record, after)))
    },

    sign: async (id, { kind, to, expires, body }) => {
      if ((kind === 'sow') !== (to === null)) return refused('a sow is to all, every other message to one')
      if (kind === 'sow') return once(id, 'sign', async (spending, chain) => spending.sow(await chain.state(), expires, body))
      if (kind === 'agreement')
        return once(id, 'sign', async (spending, chain) => spending.agreement(await chain.state(), to!, expires, body))
      if (kind === 'cancel') {
        const ended = await withBooks(async ({ chain }) => here().spending.cancel(await chain.state(), body.agreement))
        if (!ended.ok) return ended
      }
      // Nothing is promised by the others, and signatures are deterministic: the same request gives the same bytes.
      const signed = await signMessage(identity().signer, { kind, swarm: here().record.link.swarm, to, expires, body })
      return ok({ message: signed.bytes, id: signed.id })
    },
    reward: (id, args) => once(id, 'reward', async (spending, chain) => spending.reward(await chain.state(), args)),
    prepay: (id, args) => once(id, 'prepay', async (spending, chain) => spending.prepay(await chain.state(), args)),
    release: (_, { sow }) => here().spending.release(sow),

    settle: (id) => appending(id, 'settle', (settling, answered) => settling.settle(answered)),
    claim: (id, { incomes }) => appending(id, 'claim', (settling, answered) => settling.claim(incomes, answered)),
    deposit: (id, { stakedMicro }) => appending(id, 'deposit', (settling, answered) => settling.deposit(stakedMicro, answered)),
    pending: () => withBooks(({ settling }) => settling.pending()),
    certified: (_, { certificate }) => withBooks(({ settling }) => settling.certified(certificate)),
    paidTo: (_, { payee }) =>
      withBooks(async ({ chain }) => {
        const payment = await chain.paymentTo(payee)
        return ok(payment ? { entry: payment.entry.bytes, certificate: payment.certificate } : null)
      }),

    adopt: (_, args) =>
      withBooks(async ({ settling }) => {
        const done = await settling.adopt(args)
        // Not in the adoption's commit, as its table is none of the swarm's own: killed between the two, we are asked again.
        return done.ok && !headChecked() ? nothing(await keepSwarm({ ...here().record, headSession: session })) : done
      }),

    reports: () => withBooks(async () => ok({ reports: await reportsIn(here().store) })),
    account: () =>
      withBooks(async ({ chain, settling }) => {
        const summary = await settling.summary()
        const figures = await here().spending.figures(await chain.state())
        return ok({ ...figures, summary, earnedMicro: summary?.claimed ?? 0, spentMicro: summary?.paid ?? 0 })
      }),

    statement: (_, { before }) =>
      withBooks(async ({ chain }) => {
        const lines = await statementOf(await chain.entriesFrom(0), chain.income)
        const wanted = before === null ? lines : lines.filter(({ seq }) => seq < before)
        const page = wanted.slice(-statementLinesMax)
        // No entry is cut in two: the next page begins below its number.
        const whole = page.length < wanted.length ? page.filter(({ seq }) => seq > page[0]!.seq) : page
        return ok({ lines: whole, certified: (await chain.certificate())?.seq ?? -1, more: whole.length < wanted.length })
      }),
    lostDevice: (_, args) => withBooks(({ lost }) => lost.learn(args)),
    verdict: (_, { bytes }) =>
      withBooks(async ({ verdicts, settling }) => {
        const verdict = parseVerdict(bytes)
        if (!verdict.ok) return refused('verdict: malformed')
        const taken = await verdicts.take(verdict.value)
        if (!taken.ok)
          return taken.error.type === 'storage' || taken.error.type === 'conflict' ? storeFailed(taken.error) : refused('verdict: not full')
        await settling.resume()
        return ok({})
      }),
    lostDevices: () => withBooks(async ({ lost }) => ok({ devices: await lost.list() })),
    carries: () => withBooks(async ({ carries }) => ok({ carries: await carries.list() })),
    entryProof: (_, { seq }) =>
      withBooks(async ({ chain }) => {
        const certificate = await chain.certificateFrom(seq)
        if (!certificate) return ok(null)
        const entries = (await chain.entriesFrom(seq)).filter(({ entry }) => entry.seq <= certificate.seq)
        return ok({ entries: entries.map(({ bytes }) => bytes), certificate })
      }),

    signFounding: async (_, { role, message }) => {
      const { founding, record, witnessed } = here()
      if (!founding) return refused('founded elsewhere')
      const deps = {
        witnessed,
        swarm: record.link.swarm,
        device: identity().certificate.device,
        record: founding,
        recalled: founding.recalledSession === session,
      }
      const admitted = await (role === 'witness' ? admitWitness : admitIssuer)(deps, message)
      if (!admitted.ok) return admitted
      const signer = await keeper.signer(role === 'witness' ? founding.witness : founding.issuer.device)
      return signer ? ok({ signature: await signer.sign(message) }) : refused(`the ${role}'s key is lost`)
    },
    recalled: async () => {
      const { founding, record } = here()
      if (!founding) return refused('founded elsewhere')
      return founding.recalledSession === session ? ok({}) : nothing(await keepSwarm(record, { ...founding, recalledSession: session }))
    },
  }
}

const nothing = (result: Result<void, VaultError>): Result<Record<string, never>, VaultError> => (result.ok ? ok({}) : result)
