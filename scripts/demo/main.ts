/**
 * The whole job before one's eyes: builds the extension, starts a relay, opens four browsers (one requester, three workers),
 * clicks through their first run, submits texts through the dashboard, searches, and shows whose credits have moved.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseTexts } from '../../src/ui/parse-texts.ts'
import { command, currentView, resultVectors, viewWhere } from '../../tests/e2e/harness/agent-page.ts'
import { cleanUp, temporaryFolder } from '../../tests/e2e/harness/cleanup.ts'
import { chromeExtensionDir, launchChromium } from '../../tests/e2e/harness/launch-chromium.ts'
import { startRelay } from '../../tests/e2e/harness/relay.ts'
import { byTestId, type Screen } from '../../tests/e2e/harness/screen.ts'
import { defaultQuery } from './default-query.ts'
import { accountsOf, readLedger } from './ledger.ts'
import { chooseModel } from './model.ts'
import { type DemoOptions, parseOptions, usage } from './options.ts'
import { describe, type DemoReport, writeReport } from './report.ts'

const ownTexts = 'scripts/demo/texts.txt'
const liarExtensionDir = resolve('.output/chrome-mv3-liar')
const jobMsMax = 30 * 60_000
const readyMsMax = 120_000

const say = (line: string): void => void process.stderr.write(`${line}\n`)

const readTexts = (file: string): { texts: readonly string[]; ids: readonly string[] } => {
  const parsed = parseTexts(readFileSync(file))
  if (parsed.ok) return parsed.value
  const { type, ...where } = parsed.error
  throw new Error(`${file}: ${type}${'line' in where ? ` in line ${where.line}` : ''} ${JSON.stringify(where)}`)
}

const build = (liar: boolean): void => {
  const wxt = (...args: string[]): void => void execFileSync('npx', ['wxt', 'build', ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
  wxt()
  if (liar) wxt('--mode', 'liar')
}

const run = async (options: DemoOptions): Promise<{ report: DemoReport; vectors: Float32Array; paid: ReadonlyMap<string, number> }> => {
  const beganMs = performance.now()
  const { texts, ids } = readTexts(options.texts ?? ownTexts)
  const queries = options.queries.length > 0 || options.texts !== undefined ? options.queries : [defaultQuery]
  const scratch = temporaryFolder('demo')
  const model = chooseModel(options.model, scratch.path)

  say('Building the extension …')
  build(options.liar)
  const builtMs = performance.now()

  say('Starting a relay and four browsers …')
  const relay = await startRelay({ args: model.relayArgs })
  const names = ['requester', 'worker 1', 'worker 2', 'worker 3']
  const browsers = []
  for (const name of names)
    browsers.push({ name, browser: await launchChromium({ headed: options.headed, extensionDir: options.liar && name === 'worker 3' ? liarExtensionDir : chromeExtensionDir }) })
  const startedMs = performance.now()

  say('Saying yes four times, joining by the link …')
  const screens = new Map<string, Screen>()
  await Promise.all(
    browsers.map(async ({ name, browser }) => {
      await browser.onboard({ link: relay.link, preset: 'all' })
      const dashboard = await browser.openDashboard()
      await dashboard.waitFor('main[data-state="ready"]', readyMsMax)
      await viewWhere(dashboard, `view.credits.availableMicro > 0 && view.peers.filter((p) => p.role === 'node').length >= ${names.length - 1}`, readyMsMax)
      screens.set(name, dashboard)
    }),
  )
  const requester = screens.get('requester')!
  await Promise.all([...screens.values()].map((screen) => command(screen, 'prepareModel', { model: model.name })))
  const selves = new Map<string, string>()
  const earnedBefore = new Map<string, number>()
  for (const [name, screen] of screens) {
    const view = await currentView(screen)
    selves.set(view.self, name)
    earnedBefore.set(name, view.credits.earnedMicro)
  }
  const before = await readLedger(relay.httpUrl)
  const joinedMs = performance.now()

  say(`Submitting ${texts.length} texts …`)
  const file = options.texts ?? ownTexts
  await requester.upload(byTestId('texts-file'), file)
  await requester.choose(byTestId('model-select'), model.name)
  await requester.waitFor(`${byTestId('quote')}[data-state="ready"]`, readyMsMax)
  const submittedMs = performance.now()
  await requester.click(byTestId('submit'))
  const finished = await viewWhere(requester, `['done', 'failed', 'cancelled'].includes(view.jobs[0]?.state)`, jobMsMax)
  const doneMs = performance.now()
  const job = finished.jobs[0]!
  if (job.state !== 'done') throw new Error(`the job ended ${job.state}: ${job.failure?.type} ${job.failure?.detail}`)
  const { vectors, dimension } = await resultVectors(requester, job.id)

  const results: DemoReport['results'][number][] = []
  const searchMs: number[] = []
  for (const query of queries) {
    say(`Searching: ${query}`)
    const found = await command(requester, 'search', { job: job.id, query, k: options.k })
    searchMs.push(found.searchMs)
    results.push({ query, hits: found.hits.map(({ row, id, score, text }) => ({ id, line: row, score, text })) })
  }

  say('Settling: vouchers become entries, entries are certified, payees claim …')
  await viewWhere(requester, 'view.credits.owedMicro === 0 && view.credits.reservedMicro === 0', readyMsMax)
  const settledJob = (await currentView(requester)).jobs[0]!
  const paid = new Map(settledJob.workers.map((w) => [selves.get(w.id) ?? w.id, w.paidMicro]))
  for (const [name, screen] of screens)
    if (name !== 'requester') await viewWhere(screen, `view.credits.pendingMicro === 0 && view.credits.earnedMicro >= ${earnedBefore.get(name)! + (paid.get(name) ?? 0)}`, readyMsMax)
  const after = await readLedger(relay.httpUrl)

  const report: DemoReport = {
    model: model.name,
    dimension,
    texts: texts.length,
    agreed: settledJob.agreed,
    failed: texts.length - Object.values(settledJob.agreed).reduce((a, b) => a + b, 0),
    results,
    ledger: accountsOf(before, after, selves),
    timing: {
      buildMs: Math.round(builtMs - beganMs),
      startMs: Math.round(startedMs - builtMs),
      joinMs: Math.round(joinedMs - startedMs),
      submitToResultMs: Math.round(doneMs - submittedMs),
      searchMs,
      totalMs: Math.round(performance.now() - beganMs),
    },
  }
  if (ids.length !== texts.length || vectors.length !== texts.length * dimension) throw new Error('not a vector for every text')
  return { report, vectors, paid }
}

const options = parseOptions(process.argv.slice(2))
if (options === 'help') process.stdout.write(usage)
else if ('error' in options) {
  say(`demo: ${options.error}. Try --help.`)
  process.exitCode = 2
} else {
  try {
    const { report, vectors, paid } = await run(options)
    if (options.out !== undefined) writeReport(options.out, report, vectors)
    if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`)
    else process.stdout.write(describe(report, paid))
  } catch (error) {
    say(`demo: ${(error as Error).message}`)
    process.exitCode = 1
  } finally {
    await cleanUp()
  }
}
