/** A made-up but honest history: grants, payments and claims between a few people, every entry certified. */
import { randomBelow, type Random } from '../../../src/lib/random.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import type { ParsedEntry } from '../../../src/ledger/entry.ts'
import type { Certificate, Op, PayLine } from '../../../src/ledger/types.ts'
import { certify, claim, createPerson, next, pay, type Person, type World } from './fixtures.ts'

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

  for (const person of people) await payOut(world.issuer, person, 10_000)
  for (let i = 0; i < length; i++) {
    const one = people[randomBelow(random, people.length)]!
    const other = [world.issuer, ...people.filter((p) => p !== one)][randomBelow(random, people.length)]!
    const owed = (totals.get(key(other, one)) ?? 0) - (claimed.get(key(other, one)) ?? 0)
    const spendable = balance.get(one) ?? 0
    if (owed > 0) {
      claimed.set(key(other, one), totals.get(key(other, one))!)
      balance.set(one, spendable + owed)
      await append(one, [claim(income(other, one)!.certificate)])
    } else if (spendable > 1 && other !== world.issuer) await payOut(one, other, 1 + randomBelow(random, spendable))
  }
  return { people, steps }
}
