/**
 * Those who spend twice: a whole agent that hires, takes and settles, but for every entry that it shows the witnesses it makes
 * another at the same number, which pays a part of what it has to an accomplice. Some witnesses see the one first, some the other,
 * later each sees what it has not seen; and the accomplice claims with a certificate that nobody signed.
 */
import { mergeCertificates } from '../../../src/ledger/certificate.ts'
import { type ParsedEntry, parseEntry, signEntry } from '../../../src/ledger/entry.ts'
import type { Certificate, JoinOp, Op } from '../../../src/ledger/types.ts'
import { compareBytes, equalBytes, toHex } from '../../../src/lib/bytes.ts'
import { randomBelow } from '../../../src/lib/random.ts'
import type { Network } from '../../../src/network/network.ts'
import type { WireBody } from '../../../src/network/wire.ts'
import type { Vault } from '../../../src/vault/vault.ts'
import type { SimIdentity } from '../keys.ts'
import type { MemberTools } from '../member-machine.ts'
import { type Attacker, nowAndThen } from './stage.ts'

const otherWayRoundAfterMs = 3_000
const forgedOneIn = 4
const signatureBytes = 64
/** Of what it has it gives the accomplice one in so many: something is left for the next time. */
const partOf = 4

/** `grinds`: this many siblings are made, and the one of lowest id is shown, as ties are broken by hash. */
const spender = (name: string, grinds: number): Attacker => {
  const accompliceName = `${name}/accomplice`
  /** Shown entry → its other; survives the machine. */
  const siblings = new Map<string, ParsedEntry>()
  const partials = new Map<string, Certificate>()
  let vault: Vault | undefined
  let accompliceTotal = 0

  const makeSibling = async (
    { entry }: ParsedEntry,
    { identity }: MemberTools,
    accomplice: SimIdentity,
  ): Promise<ParsedEntry | undefined> => {
    const account = await vault?.call('own', 'account', {})
    const amount = account?.ok ? Math.floor(account.value.chainMicro / partOf) : 0
    if (amount <= 0 || entry.seq === 0) return undefined
    const ops: readonly Op[] = [{ op: 'pay', lines: [[accomplice.device.device, accompliceTotal + amount, 1, 1, 0]] }]
    let best: ParsedEntry | undefined
    for (let i = 0; i < grinds; i++) {
      const { sig: _, ...unsigned } = entry
      const made = await signEntry(identity.signer, { ...unsigned, time: entry.time - i, ops })
      if (!best || compareBytes(made.id, best.id) < 0) best = made
    }
    return best
  }

  const network = (inner: Network, tools: MemberTools): Network => {
    const { world, life } = tools
    const random = world.random(`spend/${name}/${life.number}`)
    const witnesses = world.signedPolicy.policy.witnesses.length
    const quorum = 2 * Math.floor((witnesses - 1) / 3) + 1
    const relays = (): readonly string[] =>
      inner
        .peers()
        .filter(({ role }) => role === 'relay')
        .map(({ id }) => id)

    const claimForged = async (sibling: ParsedEntry, accomplice: SimIdentity): Promise<void> => {
      const { swarm, author, seq } = sibling.entry
      const certificate: Certificate = {
        author,
        seq,
        id: sibling.id,
        signatures: world.signedPolicy.policy.witnesses.slice(0, quorum).map((witness) => [witness, random.bytes(signatureBytes)]),
      }
      const join: JoinOp = {
        op: 'join',
        identity: accomplice.device.root,
        certificate: accomplice.device.signature,
        stamp: new Uint8Array(0),
      }
      const ops: readonly Op[] = [join, { op: 'claim', lines: [[author, sibling.id, certificate]] }]
      const claim = await signEntry(accomplice.signer, {
        v: 1,
        swarm,
        author: accomplice.device.device,
        seq: 0,
        prev: new Uint8Array(32),
        time: life.clock.now(),
        ops,
      })
      for (const relay of relays()) void inner.send(relay, ['entries', { entries: [sibling.bytes, claim.bytes], certificate: null }])
    }

    inner.onMessage((from, [type, body]) => {
      if (type !== 'entries' || body.certificate === null || !relays().includes(from)) return
      const { certificate } = body
      const sibling = [...siblings.values()].find(({ id }) => equalBytes(id, certificate.id))
      if (!sibling) return
      const key = toHex(sibling.id)
      const merged = mergeCertificates(partials.get(key) ?? certificate, certificate) ?? certificate
      partials.set(key, merged)
      if (merged.signatures.length < quorum) return
      world.log.note(`${name} has its second spending certified`)
      const line = sibling.entry.ops.flatMap((op) => (op.op === 'pay' ? op.lines : []))[0]
      accompliceTotal = line?.[1] ?? accompliceTotal
      const full = merged as WireBody<'entries'>['certificate']
      for (const relay of relays()) void inner.send(relay, ['entries', { entries: [sibling.bytes], certificate: full }])
    })

    return {
      ...inner,
      send: async (to, message) => {
        const last = message[0] === 'certify' ? message[1].entries.at(-1) : undefined
        const parsed = last && parseEntry(last)
        if (!parsed?.ok) return inner.send(to, message)
        const accomplice = await world.keys.identity(accompliceName)
        const key = toHex(parsed.value.id)
        const sibling = siblings.get(key) ?? (await makeSibling(parsed.value, tools, accomplice))
        if (!sibling) return inner.send(to, message)
        if (!siblings.has(key) && randomBelow(random, forgedOneIn) === 0) void claimForged(sibling, accomplice)
        siblings.set(key, sibling)
        const other: typeof message = ['certify', { entries: [...(message[1] as WireBody<'certify'>).entries.slice(0, -1), sibling.bytes] }]
        const [first, second] = randomBelow(random, 2) === 0 ? [message, other] : [other, message]
        life.clock.after(otherWayRoundAfterMs, () => void inner.send(to, second))
        return inner.send(to, first)
      },
    }
  }

  return {
    worksHonestly: true,
    accomplices: [accompliceName],
    behaviour: { network, vault: (honest) => (vault = honest) },
    act: (stage) => nowAndThen(stage, 15_000, 45_000, () => stage.member.submit(2 + randomBelow(stage.random, 4), 1)),
  }
}

export const doubleSpender = (name: string): Attacker => spender(name, 1)
export const idGrinder = (name: string): Attacker => spender(name, 16)
