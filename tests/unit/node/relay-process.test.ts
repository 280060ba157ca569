/** The relay as people run it: a process, killed and started again, and a peer that it never saw before. */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseLink } from '../../../src/economy/link-codec.ts'
import { parseSignedPolicy, rulesOf, swarmIdOf, verifyPolicy } from '../../../src/economy/policy-codec.ts'
import type { Policy } from '../../../src/economy/policy.ts'
import { verifyCertificate } from '../../../src/ledger/certificate.ts'
import type { Certificate } from '../../../src/ledger/types.ts'
import type { LedgerView } from '../../../src/agent/relay-ledger.ts'
import { equalBytes, toHex } from '../../../src/lib/bytes.ts'
import { encodeJoin, parseEntry, type ParsedEntry } from '../../../src/ledger/entry.ts'
import type { WireMessage } from '../../../src/network/wire.ts'
import { miniF32 } from '../../../src/tasks/models.ts'
import { connectPeer, type NodePeer, spawnRelay, startedRelay } from '../../support/relay-process.ts'
import { makeStampHere } from '../../support/stamp.ts'
import { closed, listening, portOf } from '../../support/ports.ts'
import { createPerson, next, pay, type Person, verifier, type World } from '../ledger/fixtures.ts'

let data: string
let port: number
const undo: (() => unknown)[] = []

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'edge-net-relay-'))
  undo.push(() => rm(data, { recursive: true, force: true }))
  const probe = await listening()
  port = portOf(probe)
  await closed(probe)
})
afterEach(async () => {
  for (const action of undo.splice(0).reverse()) await action()
})

const start = async (...args: string[]) => {
  const relay = await startedRelay(['relay', '--data', data, ...args])
  undo.push(() => relay.end('SIGKILL'))
  return relay
}
const connect = async (link: string, who: Person): Promise<NodePeer> => {
  const peer = await connectPeer(link, who)
  undo.push(peer.close)
  return peer
}
/** All that a peer needs to write entries, by its own check of what the relay says. */
const policyFrom = async (peer: NodePeer): Promise<Policy> => {
  const { bytes } = await peer.ask(['policy?', {}], 'policy')
  expect((await verifyPolicy(verifier, bytes, peer.link)).ok).toBe(true)
  const signed = parseSignedPolicy(bytes)
  if (!signed.ok) throw new Error('no policy')
  return signed.value.policy
}
/** With the stamp that the swarm asks of a new account. */
const stamped = async (who: Person, policy: Policy): Promise<Person> => {
  const wanted = { device: who.device.publicKey, swarm: swarmIdOf(policy), bits: policy.stampBits }
  const stamp = await makeStampHere(wanted, { signal: new AbortController().signal, onTries: () => {} })
  return { ...who, join: { ...who.join, stamp: stamp! } }
}
const parsed = (bytes: Uint8Array): ParsedEntry => {
  const entry = parseEntry(bytes)
  if (!entry.ok) throw new Error(entry.error.what)
  return entry.value
}
const ledger = async (): Promise<LedgerView> => (await (await fetch(`http://127.0.0.1:${port}/ledger.json`)).json()) as LedgerView

test('grant, entry, kill −9 between submit and answer: the same certificate afterwards, and never another at that number', async () => {
  const [person, ben] = [await createPerson('ana'), await createPerson('ben')]
  const first = await start('--port', String(port))
  const peer = await connect(first.link, person)
  const policy = await policyFrom(peer)
  const [ana, rules] = [await stamped(person, policy), rulesOf(policy)]
  const world = { rules } as World
  const redeem = ['redeem', { token: peer.link.invite!, join: encodeJoin(ana.join) }] as const
  const about = (author: Uint8Array) => (answer: { readonly certificate: Certificate | null }) =>
    equalBytes(answer.certificate!.author, author)
  const grant = await peer.ask(redeem, 'entries')
  expect(await verifyCertificate(verifier, grant.certificate!, rules)).toBe(true)
  const payment = parsed(grant.entries[0]!)
  const claim = { op: 'claim', lines: [[payment.entry.author, payment.id, grant.certificate!]] } as const
  // Fixture entries carry a fixed time: in the past for any real clock, which no rule minds.
  const entry = await next(world, ana, undefined, [ana.join, claim, pay([ben, 7_000_000, 7_000_000, 1, 0])])
  const certify: WireMessage = ['certify', { entries: [entry.bytes] }]

  // Submitted, and killed before an answer was waited for: whether it was signed by then is open.
  await peer.tell(certify)
  await first.end('SIGKILL')
  const again = await start()
  expect(again.link).toBe(first.link)
  peer.network.wake()
  const answer = await peer.ask(certify, 'entries', about(entry.entry.author))
  expect(answer.certificate).toMatchObject({ seq: 0, id: entry.id })
  expect(await verifyCertificate(verifier, answer.certificate!, rules)).toBe(true)
  const before = await ledger()
  expect(before.accounts.map(({ balance }) => balance).sort((a, b) => a - b)).toEqual([-500_000_000, 493_000_000])
  expect(before.inFlight).toBe(7_000_000)

  // Killed after the answer: nothing that was answered is lost.
  await again.end('SIGKILL')
  const third = await start()
  peer.network.wake()
  expect(await ledger()).toEqual(before)
  expect((await peer.ask(certify, 'entries', about(entry.entry.author))).certificate).toEqual(answer.certificate)
  expect(await peer.ask(redeem, 'entries', about(grant.certificate!.author))).toEqual(grant)
  const other = await next(world, ana, undefined, [ana.join, claim, pay([ben, 8_000_000])])
  const shown = peer.ask(['certify', { entries: [other.bytes] }], 'entries', about(entry.entry.author))
  const refused = peer.hear('refused')
  expect((await shown).entries.at(-1)).toEqual(entry.bytes)
  expect(await refused).toMatchObject({ re: 'certify', reason: 'taken', seq: 0 })

  peer.close()
  expect(await third.end('SIGINT')).toBe(0)
  // The second entry is a fork of ana's, which may be a verdict by now; the accounts are what they were.
  const { verdicts, stateRoot, ...after } = await start().then(ledger)
  expect({ ...before, ...after }).toEqual(before)
  for (const verdict of verdicts) expect(verdict).toMatchObject({ target: toHex(entry.entry.author), reason: 'DoubleSpend' })
  expect(stateRoot === before.stateRoot).toBe(verdicts.length === 0)
})

test('who has the wrong secret is refused, and is told so', async () => {
  const relay = await start('--port', String(port))
  const ana = await createPerson('ana')
  const peer = await connectPeer(relay.link, ana, { secret: new Uint8Array(32) })
  undo.push(peer.close)
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (peer.network.status().relays.some(({ state }) => state === 'refused')) resolve()
    }
    peer.network.onStatus(look)
    look()
  })
  expect(peer.network.peers()).toEqual([])
})

test('needs no configuration: moves to a free port at the first start, keeps it, and mirrors its own models', async () => {
  const taken = await listening(8787).catch(() => undefined)
  if (taken) undo.push(() => closed(taken))
  const relay = await start()
  const link = parseLink(relay.link)
  if (!link.ok) throw new Error(link.error.detail)
  const [url] = link.value.relays
  expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/)
  expect(link.value.trackers).toEqual([url])
  const kept = Number(url!.split(':').at(-1))
  expect(kept).toBeGreaterThan(8787)
  expect((await stat(join(data, 'store'))).mode & 0o077).toBe(0)
  const { repo, revision, files } = miniF32
  const file = await fetch(`http://127.0.0.1:${kept}/${repo}/resolve/${revision}/${files.at(-1)!.path}`, { method: 'HEAD' })
  expect([file.status, file.headers.get('content-length')]).toEqual([200, String(files.at(-1)!.bytes)])

  // One process per folder.
  const second = await spawnRelay(['relay', '--data', data])
  expect(second).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('another process is already using') as string })

  // The port belongs to the link: it is not given up because it is taken for a while.
  expect(await relay.end('SIGTERM')).toBe(0)
  const squatter = await listening(kept)
  expect(await spawnRelay(['relay', '--data', data])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`port ${kept} is taken`) as string,
  })
  await closed(squatter)
  const third = await start()
  expect(third.link).toBe(relay.link)
  await third.end('SIGTERM')

  // Another address is the owner's word, and then kept; the swarm stays the same.
  const moved = parseLink((await start('--url', 'wss://relay.example')).link)
  expect(moved).toEqual({ ok: true, value: { ...link.value, relays: ['wss://relay.example'], trackers: ['wss://relay.example'] } })
})

test('says what is wrong with its command line, its folder and its model cards', async () => {
  expect(await spawnRelay(['relay', '--nonsense'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("Unknown option '--nonsense'") as string,
  })
  const file = join(data, 'file')
  await writeFile(file, 'no card')
  expect(await spawnRelay(['relay', '--data', file])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('cannot write in') as string,
  })
  expect(await spawnRelay(['relay', '--data', join(data, 'a'), '--model-card', file])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('cannot be read') as string,
  })
  await writeFile(file, JSON.stringify({ ...miniF32, name: 'mine', files: [{ path: '../escape', bytes: 1, sha256: 'a'.repeat(64) }] }))
  expect(await spawnRelay(['relay', '--data', join(data, 'b'), '--port', String(port), '--model-card', file])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('not a plain path') as string,
  })
  const relay = await start('--port', String(port))
  await relay.end('SIGTERM')
  await writeFile(file, JSON.stringify({ ...miniF32, name: 'mine' }))
  expect(await spawnRelay(['relay', '--data', data, '--model-card', file])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('model mine is not on the list of the swarm') as string,
  })
})
