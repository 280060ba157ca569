/**
 * What must always hold (spec: ledger.md, the six), judged from outside over every disk and every word, never by what a node
 * says of itself.
 *
 * | no. | checked                                                                                          | when      |
 * | --- | ------------------------------------------------------------------------------------------------ | --------- |
 * | 1   | each honest relay's accounts are the fold of certified entries; all relays alike; alike when played back in other orders | minute; end |
 * | 2   | per pair claimed ≤ certified paid; nobody but the issuer below zero; one certified entry a number; nobody is fined for a right result | minute |
 * | 3   | played back twice, and with damaged, foreign and forged entries between, the root is the same     | end       |
 * | 4   | the issuer within its allowance; all credits are its                                              | minute    |
 * | 5   | certified income on no relay ever falls; every honest chain is certified to its end, and all that it was paid claimed | minute; end |
 * | 6   | what a relay has signed and what an honest node has shown is on its disk, and nothing else at that number | minute |
 */
import { toHex, type Bytes } from '../../src/lib/bytes.ts'
import { headFromRecord } from '../../src/ledger/chain-state.ts'
import { parseEntry } from '../../src/ledger/entry.ts'
import type { Certificate } from '../../src/ledger/types.ts'
import { numberKey } from '../../src/lib/store.ts'
import type { MemberMachine } from './member-machine.ts'
import { createTruth, type Truth } from './truth.ts'
import type { WitnessMachine } from './witness-machine.ts'
import type { World } from './world.ts'

export interface Violation {
  readonly invariant: 1 | 2 | 3 | 4 | 5 | 6
  readonly what: string
}

export interface Observer {
  readonly truth: Truth
  /** At any moment. */
  readonly check: () => Promise<readonly Violation[]>
  /** Verdicts on wrong results that are known to anyone honest. */
  readonly fines: () => number
  /** What is not done yet, though nothing disturbs it any more; empty: all is settled. */
  readonly unsettled: () => readonly Violation[]
}

interface Said {
  readonly seq: number
  readonly id: string
}

export const createObserver = (
  world: World,
  relays: readonly WitnessMachine[],
  members: () => readonly { readonly machine: MemberMachine; readonly honest: boolean }[],
): Observer => {
  const { policy } = world.signedPolicy
  const truth = createTruth(world.keys.verifier, world.link.swarm, policy.witnesses)
  const issuer = toHex(policy.issuer)
  const honestRelays = relays.filter((relay) => relay.honest)
  /** Relay → author → newest that it has signed. */
  const signedBy = new Map<string, Map<string, Said>>()
  /** Honest author/number → the id that it has shown. */
  const shown = new Map<string, string>()
  const stored = new Map<string, Set<string>>()
  const incomes = new Map<string, number>()
  const faults: Violation[] = []
  const violate = (invariant: Violation['invariant'], what: string): void =>
    void (faults.some((f) => f.what === what) || faults.push({ invariant, what }))

  world.heard.add((from, [type, body]) => {
    if (type !== 'entries' && type !== 'certify') return
    for (const bytes of body.entries) truth.addEntry(bytes)
    if (type === 'certify') return noteShown(from, body.entries)
    if (body.certificate === null) return
    truth.addCertificate(body.certificate)
    noteSigned(from, body.certificate)
  })

  const noteShown = (from: string, entries: readonly Uint8Array[]): void => {
    const member = members().find((m) => m.machine.name === from)
    if (!member?.honest) return
    for (const bytes of entries) {
      const parsed = parseEntry(bytes)
      if (!parsed.ok || toHex(parsed.value.entry.author) !== member.machine.id) continue
      const key = `${member.machine.id}/${numberKey(parsed.value.entry.seq)}`
      const id = toHex(parsed.value.id)
      if ((shown.get(key) ?? id) !== id) violate(6, `${from} has shown two entries at number ${parsed.value.entry.seq}`)
      shown.set(key, id)
    }
  }
  const noteSigned = (from: string, { author, seq, id, signatures }: Certificate): void => {
    const relay = honestRelays.find(({ name }) => name === from)
    if (!relay || !signatures.some(([witness]) => toHex(witness) === toHex(relay.witness))) return
    const own = signedBy.get(from) ?? new Map<string, Said>()
    signedBy.set(from, own)
    const before = own.get(toHex(author))
    if (before?.seq === seq && before.id !== toHex(id))
      violate(6, `${from} has signed two entries of ${toHex(author).slice(0, 8)} at number ${seq}`)
    if (!before || before.seq <= seq) own.set(toHex(author), { seq, id: toHex(id) })
  }

  /** Whatever lies on a relay's disk and was not seen yet. */
  const readStored = async (relay: WitnessMachine): Promise<void> => {
    const seen = stored.get(relay.name) ?? new Set<string>()
    stored.set(relay.name, seen)
    for (const [key, bytes] of relay.disk.table('entries')) if (!seen.has(key) && seen.add(key)) truth.addEntry(bytes as Bytes)
    for (const [key, value] of relay.disk.table('certificates')) {
      if (seen.has(`c${key}`)) continue
      seen.add(`c${key}`)
      truth.addCertificate(value)
      if (relay.honest && !(await truth.isFull(value as unknown as Certificate)))
        violate(2, `${relay.name} took as certified what too few witnesses have signed: ${key}`)
    }
  }

  const checkRelay = ({ name, disk }: WitnessMachine): void => {
    for (const [author, record] of disk.table('heads')) {
      const head = headFromRecord(record)
      const account = truth.accounts.get(author)
      const at = account?.at[head.seq]
      if (!at || account?.ids[head.seq] !== toHex(head.id))
        violate(1, `${name} holds of ${author.slice(0, 8)} at ${head.seq} what is not certified`)
      else if (at.claimed !== head.claimed || at.paid !== head.paid || at.staked !== head.staked)
        violate(
          1,
          `${name} folds ${author.slice(0, 8)} at ${head.seq} to ${head.claimed} − ${head.paid} − ${head.staked}, not ${at.claimed} − ${at.paid} − ${at.staked}`,
        )
    }
    for (const [pair, record] of disk.table('claimed')) {
      const [total] = record as readonly [number]
      if (total < (incomes.get(`${name} ${pair}`) ?? 0)) violate(5, `certified income fell on ${name}: ${pair}`)
      incomes.set(`${name} ${pair}`, total)
    }
    for (const [author, { seq, id }] of signedBy.get(name) ?? []) {
      const entry = disk.table('entries').get(`${author}/${numberKey(seq)}`)
      const tail = (disk.table('signed').get(author) as readonly [number, Bytes, readonly Bytes[]] | undefined)?.[2] ?? []
      const kept = [...(entry === undefined ? [] : [entry as Bytes]), ...tail].some((bytes) => idOf(bytes) === id)
      if (!kept) violate(6, `${name} has signed ${author.slice(0, 8)} at ${seq} and does not know it`)
    }
  }

  const verdictsOn = ({ disk }: WitnessMachine): readonly string[] => [...disk.table('verdicts').keys()].sort()
  const isFine = (key: string): boolean => key.split('/')[1] === 'InvalidResult'
  const checkFines = (): void => {
    for (const { machine, honest } of members())
      for (const relay of honest ? honestRelays : [])
        if (verdictsOn(relay).some((key) => key.startsWith(machine.id) && isFine(key)))
          violate(2, `${machine.name} is fined for a result, and answers rightly`)
  }

  const checkAccounts = (): void => {
    let all = 0n
    for (const [author, account] of truth.accounts) {
      const { claimed, paid, staked } = account.at.at(-1)!
      all += claimed - paid
      const least = author === issuer ? -BigInt(policy.grantsMicro) : 0n
      if (claimed - paid - BigInt(staked) < least)
        violate(author === issuer ? 4 : 2, `${author.slice(0, 8)} is at ${claimed - paid - BigInt(staked)}`)
      for (const [payer, total] of account.claimed)
        if (total > truth.paidTotal(payer, author))
          violate(2, `${author.slice(0, 8)} claims ${total} of ${payer.slice(0, 8)}, who paid ${truth.paidTotal(payer, author)}`)
    }
    const inFlight = flight().reduce((sum, { micro }) => sum + BigInt(micro), 0n)
    if (all + inFlight !== 0n) violate(2, `credits do not add up: ${all} + ${inFlight}`)
  }
  const flight = (): readonly { readonly payer: string; readonly payee: string; readonly micro: number }[] =>
    [...truth.accounts].flatMap(([payer, account]) =>
      [...account.paid].flatMap(([payee, lines]) => {
        const micro = lines.at(-1)!.total - (truth.accounts.get(payee)?.claimed.get(payer) ?? 0)
        return micro === 0 ? [] : [{ payer, payee, micro }]
      }),
    )

  const ownRecords = (machine: MemberMachine, table: string): ReadonlyMap<string, unknown> => {
    const full = machine.disk.tables().find((name) => name.startsWith('vault/') && name.endsWith(`/${table}`))
    return full === undefined ? new Map() : machine.disk.table(full)
  }
  const checkMembers = (): void => {
    const own = new Map(members().map(({ machine }) => [machine.id, ownRecords(machine, 'ownEntries')]))
    for (const [key, id] of shown) {
      const bytes = own.get(key.slice(0, 64))?.get(key) as Bytes | undefined
      if (bytes === undefined || idOf(bytes) !== id) violate(6, `${key.slice(0, 8)} has lost its entry ${Number(key.slice(65))}`)
    }
  }

  return {
    truth,
    check: async () => {
      faults.length = 0
      for (const relay of relays) await readStored(relay)
      for (const what of await truth.settle()) violate(2, what)
      for (const relay of honestRelays) checkRelay(relay)
      checkAccounts()
      checkFines()
      checkMembers()
      return [...faults]
    },
    fines: () => new Set(honestRelays.flatMap(verdictsOn).filter(isFine)).size,
    unsettled: () => {
      faults.length = 0
      for (const relay of honestRelays)
        if (verdictsOn(relay).join() !== verdictsOn(honestRelays[0]!).join())
          violate(1, `${relay.name} has other verdicts than ${honestRelays[0]!.name}`)
      const unclaimed = new Map<string, string[]>()
      for (const { payer, payee, micro } of flight())
        unclaimed.set(payee, [...(unclaimed.get(payee) ?? []), `${micro} µcr of ${payer.slice(0, 8)}`])
      for (const { machine, honest } of members()) {
        if (!honest || !machine.alive()) continue
        const head = ownRecords(machine, 'ownHeads').get(machine.id)
        const certified = (truth.accounts.get(machine.id)?.ids.length ?? 0) - 1
        const last = head === undefined ? -1 : headFromRecord(head as never).seq
        if (last !== certified) violate(5, `${machine.name} is at number ${last}, certified up to ${certified}`)
        for (const what of unclaimed.get(machine.id) ?? []) violate(5, `${machine.name} has not claimed ${what}`)
      }
      for (const relay of honestRelays)
        for (const [author, { ids }] of truth.accounts) {
          const head = relay.disk.table('heads').get(author)
          const seq = head === undefined ? -1 : headFromRecord(head).seq
          if (seq !== ids.length - 1) violate(1, `${relay.name} has ${author.slice(0, 8)} up to ${seq}, certified is ${ids.length - 1}`)
        }
      return [...faults]
    },
  }
}

const ids = new WeakMap<Uint8Array, string>()
const idOf = (bytes: Bytes): string => {
  const known = ids.get(bytes)
  if (known !== undefined) return known
  const parsed = parseEntry(bytes)
  const id = parsed.ok ? toHex(parsed.value.id) : ''
  ids.set(bytes, id)
  return id
}
