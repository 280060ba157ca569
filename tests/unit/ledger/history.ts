/** A made-up but honest history: every operation there is, between a few people, every entry certified. */
import { randomBelow, type Random } from '../../../src/lib/random.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import type { ParsedEntry } from '../../../src/ledger/entry.ts'
import type { Certificate, Op, PayLine } from '../../../src/ledger/types.ts'
import { sponsorClaim } from '../../../src/ledger/apply.ts'
import { attest, certify, claim, createPerson, delegate, next, pay, type Person, settle, type World } from './fixtures.ts'

export interface Step {
  readonly entry: ParsedEntry
  readonly certificate: Certificate
}

export const createHistory = async (
  world: World,
  random: Random,
  length: number,
): Promise<{ people: readonly Person[]; steps: readonly Step[] }> => {
  const people = await Promise.all(['ana', 'ben', 'cy'].map(createPerson))
  const steps: Step[] = []
  const last = new Map<Person, ParsedEntry>()
  const totals = new Map<string, number>()
  const claimed = new Map<string, number>()
  const balance = new Map<Person, number>()
  const key = (payer: Person, payee: Person): string => `${payer.name}>${payee.name}`

  const append = async (author: Person, ops: readonly Op[]): Promise<void> => {
    const entry = await next(world, author, last.get(author), last.has(author) ? ops : [author.join, ...ops])
    last.set(author, entry)
    steps.push({ entry, certificate: await certify(world, entry) })
  }
  /** The newest certified entry of the payer's that has a line for the payee. */
  const income = (payer: Person, payee: Person): Step | undefined =>
    steps.findLast(
      ({ entry: { entry } }) =>
        toHex(entry.author) === toHex(payer.device.publicKey) &&
        entry.ops.some((op) => op.op === 'pay' && op.lines.some(([to]: PayLine) => toHex(to) === toHex(payee.device.publicKey))),
    )
  const payOut = async (payer: Person, payee: Person, amount: number): Promise<void> => {
    const total = (totals.get(key(payer, payee)) ?? 0) + amount
    totals.set(key(payer, payee), total)
    balance.set(payer, (balance.get(payer) ?? 0) - amount)
    await append(payer, [pay([payee, total, total, 1, 0])])
  }

  const staked = new Map<Person, number>()
  const lent = new Map<Person, number>()
  const attested = new Map<Person, ParsedEntry>()
  let epoch = 0
  /** What moves no credits between accounts. */
  const other = async (who: Person, kind: number): Promise<void> => {
    const [stake, free] = [staked.get(who) ?? 0, balance.get(who) ?? 0]
    const [receiver] = people.filter((p) => p !== who)
    const said = attested.get(who)
    if (kind === 0) {
      const least = lent.get(who) ?? 0
      const now = least + randomBelow(random, stake + free - least + 1)
      staked.set(who, now)
      balance.set(who, free + stake - now)
      await append(who, [{ op: 'stake', amount: now }])
    } else if (kind === 1) {
      const now = randomBelow(random, stake + 1)
      lent.set(who, now)
      await append(who, [delegate([receiver!, now])])
    } else if (kind === 2 && said) {
      attested.delete(who)
      await append(who, [{ op: 'revoke', entry: said.id, index: 0 }])
    } else if (kind === 2) {
      await append(who, [attest(receiver!, 'a friend', randomBelow(random, 101))])
      attested.set(who, last.get(who)!)
    } else if (last.has(sponsor)) {
      const work = steps.findLast(({ entry }) => entry === last.get(sponsor))!
      await append(world.issuer, [settle(epoch++, work.certificate)])
    }
  }

  for (const person of people) await payOut(world.issuer, person, 10_000)
  const sponsor = people[0]!
  await append(world.issuer, [attest(sponsor, sponsorClaim)])
  for (const person of people) {
    claimed.set(key(world.issuer, person), 10_000)
    balance.set(person, 10_000)
    await append(person, [claim(income(world.issuer, person)!.certificate)])
  }
  for (let i = 0; i < length; i++) {
    if (randomBelow(random, 3) === 0) {
      await other(people[randomBelow(random, people.length)]!, randomBelow(random, 4))
      continue
    }
    const one = people[randomBelow(random, people.length)]!
    const party = [world.issuer, ...people.filter((p) => p !== one)][randomBelow(random, people.length)]!
    const owed = (totals.get(key(party, one)) ?? 0) - (claimed.get(key(party, one)) ?? 0)
    const spendable = balance.get(one) ?? 0
    if (owed > 0) {
      claimed.set(key(party, one), totals.get(key(party, one))!)
      balance.set(one, spendable + owed)
      await append(one, [claim(income(party, one)!.certificate)])
    } else if (spendable > 1 && party !== world.issuer) await payOut(one, party, 1 + randomBelow(random, spendable))
  }
  return { people, steps }
}
