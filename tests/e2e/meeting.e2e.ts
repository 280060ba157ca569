/** How browsers find each other and stay together: by a tracker alone, without those who are lost, and while the relay is away. */
import { spawn, spawnSync } from 'node:child_process'
import { parseLink, formatLink } from '../../src/economy/link-codec.ts'
import type { SwarmLink } from '../../src/economy/link.ts'
import type { AgentView } from '../../src/messages/view.ts'
import { currentView, viewWhere } from './harness/agent-page.ts'
import { killQuietly, onCleanup } from './harness/cleanup.ts'
import { expect, launch, test } from './harness/fixtures.ts'
import type { LoopbackReport } from './harness/loopback-only.ts'
import { startRelay } from './harness/relay.ts'
import { earns, grantMicro, type Member, openSwarm, settledJob, someTexts, submit } from './harness/swarm.ts'
import { startTracker } from './harness/tracker.ts'

const linkOf = (text: string): SwarmLink => {
  const parsed = parseLink(text)
  if (!parsed.ok) throw new Error(parsed.error.reason)
  return parsed.value
}

/** Joins, and does not wait for anyone. */
const enter = async (link: string): Promise<Member> => {
  const browser = await launch('chromium')
  await browser.onboard({ link, preset: 'gentle' })
  const dashboard = await browser.openDashboard()
  const { self } = await currentView(dashboard)
  return { browser, dashboard, id: self }
}
const linkedBy = (id: string): string => `view.peers.some((p) => p.id === '${id}' && p.via === 'webrtc')`
/** Each is linked with each of the others, from page to page. */
const allLinked = (members: readonly Member[], timeoutMs?: number): Promise<readonly AgentView[]> =>
  Promise.all(
    members.map((member) =>
      viewWhere(member.dashboard, members.flatMap((other) => (other === member ? [] : [linkedBy(other.id)])).join(' && '), timeoutMs),
    ),
  )
/** When their links with each other were made: the same again means that none was lost. */
const linksAmong = async (members: readonly Member[]): Promise<unknown> =>
  (await allLinked(members)).map(({ peers }) => peers.flatMap((p) => (members.some((m) => m.id === p.id) ? [[p.id, p.sinceMs]] : [])).sort())

test('a tracker alone brings browsers together, restarted too; the rules of the swarm come from whoever has them', async () => {
  const relay = await startRelay()
  const tracker = await startTracker()
  const full = linkOf(relay.link)
  const byTracker = formatLink({ ...full, relays: [], trackers: [tracker.url] })
  const first = await enter(byTracker)
  const second = await enter(byTracker)
  await allLinked([first, second])
  expect(await currentView(second.dashboard)).toMatchObject({ relays: [], swarm: null, activity: { idleReason: 'no-policy' } })

  await tracker.stop()
  await expect.poll(tracker.sockets).toBe(0)
  const before = await linksAmong([first, second])
  await tracker.restart()
  const third = await enter(formatLink({ ...full, trackers: [tracker.url] }))
  await allLinked([first, second, third])
  expect(await linksAmong([first, second])).toEqual(before)
  // It alone knows the relay: with its rules those who never saw it are in the swarm.
  for (const { dashboard } of [first, second]) await viewWhere(dashboard, `view.swarm !== null && view.activity.idleReason === 'no-requesters'`)
})

test('a lost browser is dropped and a lost relay is waited for: those who are left stay linked', async () => {
  const { relay, members } = await openSwarm(['chromium', 'chromium', 'chromium'])
  const [lost, ...rest] = members as [Member, Member, Member]
  await allLinked(members)
  const before = await linksAmong(rest)
  await lost.browser.killHard()
  await Promise.all(rest.map(({ dashboard }) => viewWhere(dashboard, `!view.peers.some((p) => p.id === '${lost.id}')`)))
  expect(await linksAmong(rest)).toEqual(before)

  await relay.kill9()
  await Promise.all(rest.map(({ dashboard }) => viewWhere(dashboard, `view.relays[0].state === 'unreachable'`)))
  await relay.restart()
  await Promise.all(rest.map(({ dashboard }) => viewWhere(dashboard, `view.relays[0].state === 'open' && view.peers.some((p) => p.role === 'relay')`)))
  expect(await linksAmong(rest)).toEqual(before)

  const [requester, worker] = rest as [Member, Member]
  const job = await settledJob(requester, await submit(requester, someTexts(2), 1))
  await earns(worker, grantMicro + job.costMicro)
})

/** Why there can be no such world here; undefined where there can. */
const whyNoUnshare = (): string | undefined => {
  const tried = spawnSync('unshare', ['--net', 'ip', 'link', 'set', 'lo', 'up'])
  return tried.status === 0 ? undefined : `no network namespace can be made here: ${tried.error?.message ?? tried.stderr.toString().trim()}`
}

test('with no network but loopback, where browsers have no address to offer, a job goes over the relay', async () => {
  const why = whyNoUnshare()
  test.skip(why !== undefined, why)
  const report = await inLoopbackOnly()
  expect(report).toEqual({ job: { state: 'done', failure: null, costMicro: 250_000 }, direct: 0, spentMicro: 250_000, earnedMicro: grantMicro + 250_000 })
})

const inLoopbackOnly = (): Promise<LoopbackReport> =>
  new Promise((done, fail) => {
    const script = 'ip link set lo up && exec "$@"'
    const child = spawn('unshare', ['--net', 'sh', '-c', script, 'sh', process.execPath, '--import', 'tsx', 'tests/e2e/harness/loopback-only.ts'])
    onCleanup(
      () => killQuietly(child.pid, 'SIGTERM'),
      () => killQuietly(child.exitCode === null ? child.pid : undefined, 'SIGTERM'),
    )
    let [out, log] = ['', '']
    child.stdout.on('data', (text: Buffer) => (out += text.toString()))
    child.stderr.on('data', (text: Buffer) => (log += text.toString()))
    child.once('close', (code) => (code === 0 ? done(JSON.parse(out) as LoopbackReport) : fail(new Error(`ended with ${code}\n${out}${log}`))))
  })
