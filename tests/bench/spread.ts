/**
 * `sync.spread`: how long after an author's first word of a new entry until all those concerned hold it certified: every relay,
 * and whom it pays. Whole agents and relays of the simulator on virtual time, over links of 60–100 ms and no weather; a job of
 * three replicas is done, and the entry that pays the three is followed. Nobody else is told (spec: network.md, *Who keeps what*).
 *
 * Milliseconds are virtual: they say how many steps it took, not how fast this machine is.
 */
import { parseEntry, payLines } from '../../src/ledger/entry.ts'
import { toHex } from '../../src/lib/bytes.ts'
import { numberKey } from '../../src/lib/store.ts'
import { agentTable, type MemberMachine } from '../sim/member-machine.ts'
import { createSwarm, type Swarm } from '../sim/swarm.ts'
import { type Figure, median, rounds } from './figure.ts'

const witnesses = 4
const joinAtOnce = 50
const joinEveryMs = 500
/** Polled this often: the figure is no finer. */
const lookEveryMs = 10
/** A newcomer's grant waits for those before it: the issuer pays one after another. */
const waitMsMax = 15 * 60_000

const until = async ({ world }: Swarm, what: string, stepMs: number, holds: () => boolean): Promise<void> => {
  const sinceMs = world.clock.now()
  while (!holds()) {
    if (world.clock.now() - sinceMs > waitMsMax) throw new Error(`not within ${waitMsMax} virtual ms: ${what}`)
    await world.clock.advance(stepMs)
  }
}
const earnedMicro = (member: MemberMachine): number => member.agent()?.view().credits.earnedMicro ?? 0

/** From the first word of the next entry of this member that pays until everyone concerned holds it. */
const follow = async (swarm: Swarm, from: MemberMachine): Promise<number> => {
  const { world, relays, members } = swarm
  let paying: { readonly seq: number; readonly payees: readonly string[]; readonly saidMs: number } | undefined
  const listen = (name: string, [type, body]: Parameters<Parameters<typeof world.heard.add>[0]>[1]): void => {
    if (paying || name !== from.name || type !== 'certify') return
    const last = parseEntry(body.entries.at(-1)!)
    const lines = last.ok ? payLines(last.value.entry) : []
    if (last.ok && lines.length > 0)
      paying = { seq: last.value.entry.seq, payees: lines.map(([payee]) => toHex(payee)), saidMs: world.clock.now() }
  }
  world.heard.add(listen)
  if (!(await from.submit(1, 3))) throw new Error('the job was not taken')
  await until(swarm, 'an entry that pays', lookEveryMs, () => paying !== undefined)
  world.heard.delete(listen)
  const { seq, payees, saidMs } = paying!
  const told = (payee: string): boolean =>
    [...(members.find(({ id }) => id === payee)?.disk.table(agentTable('vouchers')) ?? [])].some(
      ([key, tab]) => key.endsWith(from.id) && (tab as { certified: number }).certified > 0,
    )
  await until(
    swarm,
    'all concerned hold it',
    lookEveryMs,
    () => relays.every(({ disk }) => disk.table('certificates').has(`${from.id}/${numberKey(seq)}`)) && payees.every(told),
  )
  return world.clock.now() - saidMs
}

export const benchSpread = async (nodes: number): Promise<readonly Figure[]> => {
  const swarm = await createSwarm('spread', {
    kind: 'private',
    members: nodes - witnesses,
    witnesses: Array.from({ length: witnesses }, () => undefined),
    linkMs: [60, 100],
  })
  for (let i = 0; i < nodes - witnesses; i++) {
    await swarm.join(`m${i}`)
    if (i % joinAtOnce === joinAtOnce - 1) await swarm.world.clock.advance(joinEveryMs)
  }
  const { members } = swarm
  await until(swarm, 'all have their grant', 1_000, () => members.every((member) => earnedMicro(member) > 0))
  const took: number[] = []
  for (let round = 0; round < rounds; round++) took.push(await follow(swarm, members[Math.floor((members.length * round) / rounds)]!))
  return [{ name: 'sync.spread', value: median(took), unit: `virtual ms until all concerned hold an entry, of ${nodes} nodes`, n: rounds }]
}
