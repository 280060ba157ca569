/** A swarm of real browsers: relay, requester and workers, joined by the link and ready to work. */
import { command, currentView, viewWhere } from './agent-page.ts'
import type { ExtensionBrowser, LaunchOptions } from './extension-browser.ts'
import type { AgentView, JobView } from '../../../src/messages/view.ts'
import { type BrowserKind, launch } from './fixtures.ts'
import { type ChromiumExtension, launchChromium } from './launch-chromium.ts'
import { type RelayProcess, type RelayStart, startRelay } from './relay.ts'
import type { Screen } from './screen.ts'

export const grantMicro = 500_000_000

export interface Member<B extends ExtensionBrowser = ExtensionBrowser> {
  readonly browser: B
  readonly dashboard: Screen
  /** Device key, hex. */
  readonly id: string
}

export const join = async <B extends ExtensionBrowser>(browser: B, link: string, preset: 'gentle' | 'standard' | 'all' = 'all'): Promise<Member<B>> => {
  await browser.onboard({ link, preset })
  const dashboard = await browser.openDashboard()
  const view = await viewWhere(dashboard, `view.credits.earnedMicro >= ${grantMicro} && view.models.some((m) => m.name === 'mini' && m.state === 'ready')`)
  return { browser, dashboard, id: view.self }
}

export const meet = (members: readonly Member[]): Promise<unknown> =>
  Promise.all(members.map(({ dashboard }) => viewWhere(dashboard, `view.peers.filter((p) => p.role === 'node').length >= ${members.length - 1}`)))

/** A relay, who asks for work and who does it, each in a Chromium of its own. */
export const openPair = async (): Promise<{ readonly relay: RelayProcess; readonly requester: Member<ChromiumExtension>; readonly worker: Member<ChromiumExtension> }> => {
  const [relay, ...browsers] = await Promise.all([startRelay(), launchChromium(), launchChromium()])
  const [requester, worker] = (await Promise.all(browsers.map((browser) => join(browser, relay.link)))) as [Member<ChromiumExtension>, Member<ChromiumExtension>]
  await meet([requester, worker])
  return { relay, requester, worker }
}

export const openSwarm = async (
  kinds: readonly BrowserKind[],
  options: { readonly relay?: RelayStart; readonly launch?: LaunchOptions } = {},
): Promise<{ readonly relay: RelayProcess; readonly members: readonly Member[] }> => {
  // At once: most of a start is waiting.
  const [relay, ...browsers] = await Promise.all([startRelay(options.relay), ...kinds.map((kind) => launch(kind, options.launch))])
  const members = await Promise.all(browsers.map((browser) => join(browser, relay.link)))
  await meet(members)
  return { relay, members }
}

/** Texts that differ, so that a mixed-up order would show. */
export const someTexts = (count: number, words = 12): readonly string[] =>
  Array.from({ length: count }, (_, i) => `Text number ${i}: ${Array.from({ length: words }, (_, w) => ['bread', 'river', 'engine', 'music', 'garden', 'winter', 'paper'][(i * 3 + w * 5) % 7]).join(' ')}.`)

export const submit = async ({ dashboard }: Pick<Member, 'dashboard'>, texts: readonly string[], redundancy: number): Promise<string> => {
  const { job } = await command(dashboard, 'submit', { texts, ids: texts.map((_, i) => String(i + 1)), model: 'mini', redundancy, title: 'test', where: 'network' })
  return job
}

const jobOf = (view: AgentView, id: string): JobView => {
  const job = view.jobs.find((j) => j.id === id)
  if (!job) throw new Error(`no job ${id}`)
  return job
}

export const jobWhere = async ({ dashboard }: Pick<Member, 'dashboard'>, id: string, condition: string, timeoutMs?: number): Promise<JobView> =>
  jobOf(await viewWhere(dashboard, `view.jobs.some((job) => job.id === '${id}' && (${condition}))`, timeoutMs), id)

/** The job as it ended, all vouchers settled and certified. */
export const settledJob = async (requester: Pick<Member, 'dashboard'>, id: string, timeoutMs = 100_000): Promise<JobView> => {
  const ended = await jobWhere(requester, id, `['done', 'failed', 'cancelled'].includes(job.state)`, timeoutMs)
  if (ended.state !== 'done') throw new Error(`the job ended ${ended.state}: ${JSON.stringify(ended.failure)}`)
  const view = await viewWhere(requester.dashboard, 'view.credits.owedMicro === 0 && view.credits.reservedMicro === 0', timeoutMs)
  return jobOf(view, id)
}

export const earnedMicro = async ({ dashboard }: Pick<Member, 'dashboard'>): Promise<number> => (await currentView(dashboard)).credits.earnedMicro
export const earns = ({ dashboard }: Pick<Member, 'dashboard'>, micro: number, timeoutMs?: number): Promise<AgentView> =>
  viewWhere(dashboard, `view.credits.earnedMicro === ${micro} && view.credits.pendingMicro === 0`, timeoutMs)
