/**
 * The whole job before one's eyes: builds the extension, starts a relay, opens four browsers (one requester, three workers),
 * clicks through their first run, submits texts through the dashboard, searches, and shows whose credits have moved.
 */
import { resolve } from 'node:path'
import { defaultHubUrl } from '../../src/vault/settings.ts'
import { resultVectors, viewWhere } from '../../tests/e2e/harness/agent-page.ts'
import { cleanUp, temporaryFolder } from '../../tests/e2e/harness/cleanup.ts'
import { startRelay } from '../../tests/e2e/harness/relay.ts'
import { build } from './build.ts'
import { defaultQuery } from './default-query.ts'
import { fillForm, search, submitAndFollow } from './job.ts'
import { accountsOf, certifiedBad, readLedger, sumsOf } from './ledger.ts'
import { chooseModel } from './model.ts'
import { createNarrator, progressBar } from './narrator.ts'
import { type DemoOptions, parseOptions, usage } from './options.ts'
import { joinAll, openBrowsers } from './people.ts'
import { describe, type DemoReport, writeReport } from './report.ts'
import { readTexts } from './texts.ts'

const ownTexts = resolve('scripts/demo/texts.txt')
const settleMsMax = 120_000

const { step, say } = createNarrator(process.stderr, () => performance.now())

interface Outcome {
  readonly report: DemoReport
  readonly vectors: Float32Array
  /** Results that the certified ledger calls bad, by worker's name. */
  readonly bad: ReadonlyMap<string, number>
}

const run = async (options: DemoOptions): Promise<Outcome> => {
  const beganMs = performance.now()
  const file = options.texts ?? ownTexts
  const { texts } = readTexts(file)
  const queries = options.queries.length > 0 || options.texts !== undefined ? options.queries : [defaultQuery]
  const folders = ['models', ...(options.models === undefined ? [] : [options.models])]
  const model = await chooseModel(options.model, { folders, hub: defaultHubUrl, fetch, scratch: temporaryFolder('demo').path })

  const built = await step(
    'building the extension',
    () => build(options),
    () => 'extension built',
  )
  const started = await step(
    'starting a relay and four browsers',
    () => Promise.all([startRelay({ args: model.relayArgs }), openBrowsers(options)]),
    () => 'a relay and four browsers started, each a fresh profile',
  )
  const [relay, opened] = started.value
  const joined = await step(
    'clicking through the first run, joining by the link',
    (update) =>
      joinAll(opened, relay.link, model.name, {
        headed: options.headed,
        onReady: (ready) => update(`${ready} of ${opened.length} have joined and hold the model ${model.name}`),
      }),
    () => 'four strangers said yes, joined by the link and met each other',
  )
  const people = joined.value
  const requester = people[0]!.screen
  const before = await readLedger(relay.httpUrl)

  const maxMicro = await fillForm(requester, file, model.name)
  const worked = await step(
    `submitting ${texts.length} texts, at most ${maxMicro / 1e6} credits`,
    (update) => submitAndFollow(requester, (done) => update(`${progressBar(done, texts.length)} ${done} of ${texts.length} texts`)),
    () => `${texts.length} texts computed by strangers and checked against each other`,
  )
  const job = worked.value.id
  const { vectors, dimension } = await resultVectors(requester, job)
  if (vectors.length !== texts.length * dimension)
    throw new Error(`${vectors.length / dimension} vectors came back for ${texts.length} texts`)

  const found = []
  for (const query of queries)
    found.push(
      (
        await step(
          `searching “${query}”`,
          () => search(requester, job, query, options.k),
          () => `searched for “${query}”`,
        )
      ).value,
    )

  const settled = await step(
    'settling: vouchers become entries, entries are certified, workers claim',
    async () => {
      const { jobs } = await viewWhere(requester, 'view.credits.owedMicro === 0 && view.credits.reservedMicro === 0', settleMsMax)
      const settledJob = jobs.find((j) => j.id === job)!
      for (const { id, screen, earnedMicro, role } of people) {
        const paidMicro = settledJob.workers.find((w) => w.id === id)?.paidMicro ?? 0
        if (role === 'worker')
          await viewWhere(screen, `view.credits.pendingMicro === 0 && view.credits.earnedMicro >= ${earnedMicro + paidMicro}`, settleMsMax)
      }
      return settledJob
    },
    () => 'paid: entries certified by the witness and claimed by the workers',
  )
  const { agreed, workers } = settled.value
  const after = await readLedger(relay.httpUrl)

  const report: DemoReport = {
    model: model.name,
    dimension,
    texts: texts.length,
    agreed: { '3': 0, '2': 0, ...agreed },
    failed: texts.length - Object.values(agreed).reduce((a, b) => a + b, 0),
    results: found.map(({ result }) => result),
    ledger: accountsOf(before, after, people, workers),
    timing: {
      buildMs: Math.round(built.ms),
      startMs: Math.round(started.ms),
      joinMs: Math.round(joined.ms),
      submitToResultMs: Math.round(worked.ms),
      searchMs: found.map(({ searchMs }) => searchMs),
      totalMs: Math.round(performance.now() - beganMs),
    },
  }
  return { report, vectors, bad: new Map(people.map(({ id, name }) => [name, certifiedBad(after, id)])) }
}

const main = async (options: DemoOptions): Promise<number> => {
  let interrupted = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (!interrupted) say('  stopping: closing browsers, removing profiles')
      interrupted = true
    })
  try {
    const { report, vectors, bad } = await run(options)
    if (options.out !== undefined) writeReport(options.out, report, vectors)
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : describe(report, bad))
    const { before, after } = sumsOf(report.ledger)
    return before === 0 && after === 0 && report.failed === 0 ? 0 : 1
  } catch (error) {
    // What breaks because everything is being closed is no news. The signal's own handler ends the process.
    if (interrupted) return new Promise(() => {})
    say(`demo: ${(error as Error).message}`)
    return 1
  } finally {
    await cleanUp()
  }
}

const options = parseOptions(process.argv.slice(2), process.env, process.cwd())
if (options === 'help') process.stdout.write(usage)
else if ('error' in options) {
  say(`demo: ${options.error}. Try --help.`)
  process.exitCode = 2
} else process.exitCode = await main(options)
