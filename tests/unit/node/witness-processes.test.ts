/** Four witnesses as people run them: processes with a folder each, killed and started again, one of them lying. */
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { LedgerView } from '../../../src/agent/relay-ledger.ts'
import { parseLink } from '../../../src/economy/link-codec.ts'
import { privateDefaults, rulesOf, verifyPolicy } from '../../../src/economy/policy-codec.ts'
import { mergeCertificates, verifyCertificate } from '../../../src/ledger/certificate.ts'
import { encodeJoin, parseEntry, type ParsedEntry } from '../../../src/ledger/entry.ts'
import type { Certificate } from '../../../src/ledger/types.ts'
import { equalBytes } from '../../../src/lib/bytes.ts'
import { joinByRelays } from '../../support/process-agents.ts'
import { connectPeer, type NodePeer, type RelayProcess, spawnRelay, startedRelay } from '../../support/relay-process.ts'
import { closed, listening, portOf } from '../../support/ports.ts'
import { createPerson, next, pay, verifier, type World } from '../ledger/fixtures.ts'

const { grantMicro } = privateDefaults
const perText = 50_000
const places = [1, 2, 3, 4]
const lying = 'tests/support/lying-relay.ts'

let folder: string
const undo: (() => unknown)[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edge-net-witnesses-'))
  undo.push(() => rm(folder, { recursive: true, force: true }))
})
afterEach(async () => {
  for (const action of undo.splice(0).reverse()) await action()
})

/** Four ports in a row that were free a moment ago. */
const freePorts = async (): Promise<number> => {
  for (;;) {
    const first = await listening(0)
    const base = portOf(first)
    const rest = await Promise.allSettled([1, 2, 3].map((i) => listening(base + i)))
    const opened = rest.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    await Promise.all([first, ...opened].map(closed))
    if (opened.length === 3) return base
  }
}

interface Swarm {
  readonly link: string
  readonly data: string
  readonly start: (place: number, main?: string) => Promise<RelayProcess>
  readonly ledger: (place: number) => Promise<LedgerView>
}
const createdSwarm = async (...more: string[]): Promise<Swarm> => {
  const [data, port] = [join(folder, 'swarm'), await freePorts()]
  const made = await startedRelay(['swarm', 'create', '--witnesses', '4', '--data', data, '--port', String(port), ...more])
  expect(await made.ended).toBe(0)
  // Each on a machine of its own: nothing but its folder is there.
  const home = (place: number): string => join(folder, `machine ${place}`)
  for (const place of places) await cp(join(data, `witness-${place}`), join(home(place), `witness-${place}`), { recursive: true })
  return {
    link: made.link,
    data,
    start: async (place, main) => {
      const relay = await startedRelay(['relay', '--witness', `${place}/4`, '--data', home(place)], main)
      undo.push(() => relay.end('SIGKILL'))
      expect(relay.link).toBe(made.link)
      return relay
    },
    ledger: async (place) => (await fetch(`http://127.0.0.1:${port + place - 1}/ledger.json`)).json() as Promise<LedgerView>,
  }
}
/** All replicas say the same of this much. */
const alike = async (swarm: Swarm, of: readonly number[], like: (ledger: LedgerView) => boolean): Promise<LedgerView> => {
  for (;;) {
    const [first, ...rest] = await Promise.all(of.map(swarm.ledger))
    if (like(first!) && rest.every((other) => JSON.stringify(other) === JSON.stringify(first))) return first!
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

test('swarm create writes the policy and a folder of keys for each, and only into a new folder', async () => {
  const swarm = await createdSwarm()
  expect((await readdir(swarm.data)).sort()).toEqual(['founder.key', 'policy.cbor', ...places.map((place) => `witness-${place}`)])
  const refusals: [args: string[], why: string][] = [
    [['swarm', 'create', '--witnesses', '4', '--data', swarm.data], 'is not empty'],
    [['relay', '--data', swarm.data], 'holds a swarm of several witnesses'],
    [['relay', '--data', join(swarm.data, 'witness-2')], 'start it with --witness 2/4'],
    [['relay', '--witness', '3/7', '--data', swarm.data], 'is not the folder of witness 3 of 7'],
    [['relay', '--witness', '5/7', '--data', swarm.data], 'there is no witness 5'],
    [['relay', '--witness', '1/4', '--port', '9', '--data', swarm.data], 'the others and every link know this relay as'],
  ]
  const answers = await Promise.all(refusals.map(([args]) => spawnRelay(args)))
  for (const [i, [, why]] of refusals.entries())
    expect(answers[i]).toMatchObject({ code: 1, stderr: expect.stringContaining(why) as string })
})

test('work is paid over four processes; killed −9 one by one they lose nothing; with two away payment waits', async () => {
  const swarm = await createdSwarm()
  const relays = await Promise.all(places.map((place) => swarm.start(place)))
  const [requester, worker] = await Promise.all([joinByRelays(swarm.link), joinByRelays(swarm.link)])
  undo.push(requester.agent.stop, worker.agent.stop)
  await Promise.all([requester, worker].map(({ when }) => when(({ credits }) => credits.earnedMicro === grantMicro)))
  const work = async (): Promise<void> => {
    const texts = Array.from({ length: 20 }, (_, i) => `text number ${i}`)
    const job = await requester.agent.jobs.submit({ texts, ids: texts, model: 'mini', redundancy: 1, title: 't', where: 'network' })
    if (!job.ok) throw new Error(job.error.type)
    const { value } = job
    await requester.when(({ jobs }) => jobs.some(({ id, state }) => id === value && state === 'done'))
  }
  const earned = (tasks: number): Promise<unknown> =>
    worker.when(({ credits }) => credits.earnedMicro === grantMicro + tasks * 20 * perText)
  await work()
  await earned(1)

  // One is gone: three are enough.
  await relays[2]!.end('SIGKILL')
  await work()
  await earned(2)

  // Two are gone, one of them the issuer's: work goes on, its payment is written and waits for signatures.
  await relays[0]!.end('SIGKILL')
  await work()
  const written = await requester.when(({ credits }) => credits.owedMicro === 0)
  expect(written.credits.spentMicro).toBe(2 * 20 * perText)
  const waiting = await worker.when(({ credits }) => credits.pendingMicro === 20 * perText)
  expect(waiting.credits.earnedMicro).toBe(grantMicro + 2 * 20 * perText)

  // The issuer's is back, and it is paid; the other is back as well, and catches up.
  await swarm.start(1)
  requester.wake()
  worker.wake()
  await earned(3)
  await swarm.start(3)
  const { accounts, inFlight } = await alike(swarm, places, (ledger) => ledger.inFlight === 0 && ledger.accounts.length === 3)
  expect(accounts.map(({ balance }) => balance).sort((a, b) => a - b)).toEqual([
    -2 * grantMicro,
    grantMicro - 3 * 20 * perText,
    grantMicro + 3 * 20 * perText,
  ])
  expect(inFlight).toBe(0)
})

test('one of four processes lies: of two entries at one number one becomes final, and never the other', async () => {
  // Its author is played by hand, and makes no stamp.
  const swarm = await createdSwarm('--stamp-bits', '0')
  await Promise.all(places.map((place) => swarm.start(place, place === 4 ? lying : undefined)))
  const [ana, ben, eve] = await Promise.all(['ana', 'ben', 'eve'].map(createPerson))
  const link = parseLink(swarm.link)
  if (!link.ok) throw new Error(link.error.detail)
  // A link of its own to each, so that it can tell each something else.
  const peers = await Promise.all(link.value.relays.map((url) => connectPeer(swarm.link, ana!, { relays: [url] })))
  for (const peer of peers) undo.push(peer.close)
  const [first] = peers as [NodePeer]
  const { bytes } = await first.ask(['policy?', {}], 'policy')
  const policy = await verifyPolicy(verifier, bytes, link.value)
  if (!policy.ok) throw new Error(policy.error.reason)
  const rules = rulesOf(policy.value.policy)
  const world = { rules } as World

  const redeem = ['redeem', { token: link.value.invite!, join: encodeJoin(ana!.join) }] as const
  // The issuer's relay answers once it has reached a quorum of the others.
  const grant = await answered(() => first.tell(redeem), first.hear('entries'))
  // A witness signs what claims the grant once it knows of it.
  await alike(swarm, [1, 2, 3], (ledger) => ledger.accounts.length === 1)
  const payment = parsed(grant.entries[0]!)
  const claim = { op: 'claim', lines: [[payment.entry.author, payment.id, grant.certificate!]] } as const
  const [toBen, toEve] = await Promise.all(
    [ben!, eve!].map((payee) => next(world, ana!, undefined, [ana!.join, claim, pay([payee, grantMicro])])),
  )

  /** Its signature on just this, or none. */
  const shown = async (place: number, entry: ParsedEntry): Promise<Certificate | undefined> => {
    const peer = peers[place - 1]!
    const answer = new Promise<Certificate | undefined>((resolve) => {
      const stop = peer.network.onMessage((_from, [type, body]) => {
        const signature = type === 'entries' && body.entries.length === 0 && body.certificate
        if (!signature && type !== 'refused') return
        stop()
        resolve(signature && equalBytes(signature.id, entry.id) ? signature : undefined)
      })
    })
    await peer.tell(['certify', { entries: [entry.bytes] }])
    return answer
  }
  // Each witness the one, then each the other: once two have been seen together, a verdict may keep the rest from signing.
  const orders = [
    [toBen, toEve],
    [toEve, toBen],
    [toBen, toEve],
    [toBen, toEve],
  ] as const
  const answers = orders.map(() => new Map<ParsedEntry, Certificate | undefined>())
  for (const turn of [0, 1] as const)
    await Promise.all(orders.map(async (order, i) => answers[i]!.set(order[turn]!, await shown(i + 1, order[turn]!))))
  const signed = (entry: ParsedEntry): Certificate =>
    answers.flatMap((answer) => answer.get(entry) ?? []).reduce((all, one) => mergeCertificates(all, one) ?? all)
  expect([signed(toBen!), signed(toEve!)].map(({ signatures }) => signatures.length)).toEqual([3, 2])
  expect(await verifyCertificate(verifier, signed(toBen!), rules)).toBe(true)
  expect(await verifyCertificate(verifier, signed(toEve!), rules)).toBe(false)

  // Whoever is shown both takes the final one, also the witness that signed the other.
  for (const entry of [toEve!, toBen!]) {
    const { signatures, ...on } = signed(entry)
    await peers[1]!.tell([
      'entries',
      { entries: [entry.bytes], certificate: { ...on, signatures: signatures.map(([key, signature]) => [key, signature]) } },
    ])
  }
  const ledger = await alike(swarm, places, ({ accounts, verdicts }) => accounts.length === 2 && verdicts.length === 1)
  expect(ledger.verdicts[0]).toMatchObject({ target: Buffer.from(ana!.device.publicKey).toString('hex'), reason: 'DoubleSpend' })
  expect(ledger.accounts.find(({ role }) => role === 'member')!.payees).toEqual([
    { payee: Buffer.from(ben!.device.publicKey).toString('hex'), total: grantMicro, units: 0, ok: 0, bad: 0 },
  ])
})

/** Asks again, as everyone does, until there is an answer. */
const answered = async <T>(ask: () => Promise<void>, answer: Promise<T>): Promise<T> => {
  const timer = setInterval(() => void ask(), 1_000)
  try {
    await ask()
    return await answer
  } finally {
    clearInterval(timer)
  }
}

const parsed = (bytes: Uint8Array): ParsedEntry => {
  const entry = parseEntry(bytes)
  if (!entry.ok) throw new Error(entry.error.what)
  return entry.value
}
