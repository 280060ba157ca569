/**
 * Those who want work for nothing. Each is a whole agent whose vault signs whatever it is asked, without books: it promises
 * more than it has. They differ in what becomes of the promise.
 *
 * | kind        | for a result it gives                         | pays |
 * | ----------- | --------------------------------------------- | ---- |
 * | non-payer   | a good voucher                                | no   |
 * | free-rider  | nothing at all                                | no   |
 * | bad-mouther | a refusal, however right the result is        | no   |
 * | sybil-group | good vouchers; several identities, which pass what they were granted to one of them | only one another |
 */
import { signMessage } from '../../../src/contract/signed.ts'
import { listPrice, maxCostMicro } from '../../../src/economy/price.ts'
import { sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { randomBelow } from '../../../src/lib/random.ts'
import { ok } from '../../../src/lib/result.ts'
import type { Vault, VaultCalls } from '../../../src/vault/vault.ts'
import { fakeClass } from '../../support/fake-engine.ts'
import type { MemberTools } from '../member-machine.ts'
import { perTextMicro } from '../swarm.ts'
import { type Attacker, nowAndThen, type Stage } from './stage.ts'

type Reward = 'voucher' | 'silence' | 'refusal'
const plentyMicro = 1e13
/** Of one job: a tab holds two or three of them. */
const [textsLeast, textsMore] = [4, 8]
const askEveryMs = { least: 15_000, most: 45_000 }

interface Promises {
  readonly agreed: Map<string, { readonly units: number; readonly price: number }>
  readonly totals: Map<string, number>
}

/** Signs sows, agreements and vouchers without looking at what it has. `promises` outlives the machine. */
const withoutBooks = (vault: Vault, { identity, world }: MemberTools, reward: Reward, promises: Promises): Vault => {
  const sign = async (fields: Parameters<typeof signMessage>[1]): Promise<VaultCalls['sign']['answer']> => {
    const { bytes, id } = await signMessage(identity.signer, fields)
    return { message: bytes, id }
  }
  const call = async (id: string, name: string, args: unknown): Promise<unknown> => {
    const { swarm } = world.link
    if (name === 'account') {
      const read = await vault.call(id, 'account', {})
      return read.ok ? ok({ ...read.value, availableMicro: plentyMicro }) : read
    }
    if (name === 'release') return ok({})
    if (name === 'sign') {
      const { kind, to, expires, body } = args as VaultCalls['sign']['args']
      if (kind !== 'sow' && kind !== 'agreement') return vault.call(id, 'sign', args as VaultCalls['sign']['args'])
      const signed = await sign({ kind, swarm, to, expires, body })
      if (kind === 'agreement') promises.agreed.set(toHex(signed.id), body)
      return ok(signed)
    }
    if (name === 'reward') {
      if (reward === 'silence') return { ok: false, error: { type: 'unavailable' } }
      const { agreement, payee, expires } = args as VaultCalls['reward']['args']
      const accepted = reward === 'voucher'
      const before = promises.totals.get(toHex(payee)) ?? 0
      const due = promises.agreed.get(toHex(agreement))
      promises.agreed.delete(toHex(agreement))
      const total = before + (accepted && due ? maxCostMicro(due.units, due.price, 1) : 0)
      promises.totals.set(toHex(payee), total)
      const body = { agreement, total, units: total, ok: accepted ? 1 : 0, bad: accepted ? 0 : 1, accepted }
      return ok({ ...(await sign({ kind: 'reward', swarm, to: payee, expires, body })), total })
    }
    return vault.call(id, name as 'status', args as never)
  }
  return { ...vault, call: call as Vault['call'] }
}

const greedy = (reward: Reward): Attacker => {
  const promises: Promises = { agreed: new Map(), totals: new Map() }
  return {
    worksHonestly: false,
    behaviour: { idle: true, vault: (vault, tools) => withoutBooks(vault, tools, reward, promises) },
    act: (stage) =>
      nowAndThen(stage, askEveryMs.least, askEveryMs.most, () => stage.member.submit(textsLeast + randomBelow(stage.random, textsMore), 1)),
  }
}

export const nonPayer = (): Attacker => greedy('voucher')
export const freeRider = (): Attacker => greedy('silence')
export const badMouther = (): Attacker => greedy('refusal')

/** Work that was never done, agreed on and accepted: how credits pass between two who want them to. */
const payForNothing = async (vault: Vault, stage: Stage, to: Uint8Array, texts: number): Promise<void> => {
  const expires = stage.world.clock.now() + 10 * 60_000
  const units = texts * perTextMicro
  const salt = toHex(stage.random.bytes(8))
  const sowBody = { type: 'embedding', model: 'mini', size: 1024, units, maxPrice: listPrice, redundancy: 1, priority: 'normal' } as const
  const sow = await vault.call(`wash/sow/${salt}`, 'sign', { kind: 'sow', to: null, expires, body: sowBody })
  if (!sow.ok) return
  const any = sha256(utf8(salt))
  const payee = to as Uint8Array<ArrayBuffer>
  const body = {
    sow: sow.value.id,
    quote: any,
    commitment: any,
    price: listPrice,
    units,
    deadline: expires,
    kem: any,
    resultClass: fakeClass,
  }
  const agreement = await vault.call(`wash/agree/${salt}`, 'sign', { kind: 'agreement', to: payee, expires, body })
  if (agreement.ok)
    await vault.call(`wash/reward/${salt}`, 'reward', { sow: sow.value.id, agreement: agreement.value.id, payee, accepted: true, expires })
  await vault.call(`wash/release/${salt}`, 'release', { sow: sow.value.id })
}

/** Two who pay each other back and forth for nothing. */
export const washTrader = (): Attacker => {
  let honest: Vault | undefined
  return {
    worksHonestly: false,
    behaviour: { idle: true, vault: (vault) => (honest = vault) },
    act: (stage) =>
      nowAndThen(stage, 20_000, 40_000, () => {
        const other = stage.group.find((member) => member !== stage.member)
        if (honest && other) void payForNothing(honest, stage, other.identity.device.device, 4 + randomBelow(stage.random, 16))
      }),
  }
}

export const sybil = (): Attacker => {
  const promises: Promises = { agreed: new Map(), totals: new Map() }
  let honest: Vault | undefined
  return {
    worksHonestly: false,
    behaviour: {
      idle: true,
      vault: (vault, tools) => {
        honest = vault
        return withoutBooks(vault, tools, 'voucher', promises)
      },
    },
    act: (stage) => {
      nowAndThen(stage, askEveryMs.least, askEveryMs.most, () => stage.member.submit(textsLeast + randomBelow(stage.random, textsMore), 1))
      nowAndThen(stage, 60_000, 120_000, () => {
        const head = stage.group[0]!
        if (honest && head !== stage.member) void payForNothing(honest, stage, head.identity.device.device, 20)
      })
    },
  }
}
