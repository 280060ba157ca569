/**
 * `npm test`: everything that must hold, on a machine that has only Node and what npm installed. Finds or fetches the two
 * browsers, checks types, lint and notices, runs layer, unit, contract-suite and vector tests (vitest), runs the
 * simulator for some minutes, makes both packages, and runs the end-to-end tests in both real browsers (Playwright's runner).
 *
 * The last line is `N passed, N failed` (`, N skipped` where there are any), summed from what the runners report; a step
 * that fails without a count of its own counts as one failed.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findBrowsers } from './find-browsers.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
process.chdir(root)
const reports = resolve('.cache/reports')
rmSync(reports, { recursive: true, force: true })
mkdirSync(reports, { recursive: true })

const totals = { passed: 0, failed: 0, skipped: 0 }
/** What failed, told once more at the end: the log above is long. */
const failures = []
/** A package's own command, run by this Node: no shell, the same on every system. */
const bin = (name, command = name) => {
  const at = join(root, 'node_modules', name)
  const { bin: entry } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8'))
  return join(at, typeof entry === 'string' ? entry : entry[command])
}

let running
let interrupted = false
/** Who stops this script stops its runner too, which closes its browsers; nothing follows. A terminal's Ctrl-C reaches both by itself. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    interrupted = true
    if (signal !== 'SIGINT') running?.kill('SIGINT')
  })

const run = (args, env) =>
  new Promise((done) => {
    running = spawn(process.execPath, args, { stdio: 'inherit', env })
    running.once('error', (error) => done({ status: 1, signal: error.message }))
    running.once('exit', (status, signal) => done({ status, signal }))
  })

/** Runs one step; `count` reads what its runner reported. A step that must have succeeded for later ones to make sense ends all. */
const step = async (title, args, { env = {}, count, essential = false } = {}) => {
  const started = Date.now()
  console.log(`\n== ${title}`)
  const { status, signal } = await run(args, { ...process.env, ...env })
  const counted = count?.()
  if (counted) {
    for (const key of Object.keys(totals)) totals[key] += counted[key]
    failures.push(...counted.failures)
  }
  if (interrupted || (status !== 0 && !(counted?.failed > 0))) fail(title)
  if (status === 0 && count && !counted) fail(`${title}: no report was written`)
  console.log(`== ${title}: ${status === 0 ? 'done' : `failed (${signal ?? status})`}, ${((Date.now() - started) / 1000).toFixed(1)} s`)
  if (interrupted || (essential && status !== 0)) finish()
  return status === 0
}

const fail = (what) => {
  totals.failed++
  failures.push(what)
}

const finish = () => {
  const { passed, failed, skipped } = totals
  for (const what of failures) console.log(`failed: ${what}`)
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  process.exit(failed > 0 || passed === 0 ? 1 : 0)
}

const vitestReport = join(reports, 'vitest.json')
const vitestCount = () => {
  if (!existsSync(vitestReport)) return undefined
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(readFileSync(vitestReport, 'utf8'))
  const failed = testResults.flatMap((file) =>
    file.assertionResults
      .filter((t) => t.status === 'failed')
      .map((t) => `${nameOf(file)}: ${t.fullName}\n${firstLine(t.failureMessages?.[0])}`),
  )
  // A file that could not be loaded has failed without a failed test.
  const broken = testResults.filter((file) => file.status === 'failed' && !file.assertionResults.some((t) => t.status === 'failed'))
  failed.push(...broken.map((file) => `${nameOf(file)}\n${firstLine(file.message)}`))
  return {
    passed: numPassedTests,
    failed: numFailedTests + broken.length,
    skipped: numPendingTests + (numTodoTests ?? 0),
    failures: failed,
  }
}

const nameOf = (file) => relative(root, file.name)
const firstLine = (message = '') => `  ${message.split('\n', 1)[0]}`

const playwrightReport = join(reports, 'playwright.json')
const playwrightCount = () => {
  if (!existsSync(playwrightReport)) return undefined
  const { stats, errors, suites } = JSON.parse(readFileSync(playwrightReport, 'utf8'))
  const specsOf = (suite) => [...(suite.specs ?? []), ...(suite.suites ?? []).flatMap(specsOf)]
  const failed = suites
    .flatMap(specsOf)
    .filter((spec) => !spec.ok)
    .map((spec) => `${spec.file}: ${spec.title}`)
  if (stats.flaky > 0) console.log(`${stats.flaky} passed only when run again`)
  const failures = [...failed, ...errors.map((error) => firstLine(error.message))]
  return { passed: stats.expected + stats.flaky, failed: stats.unexpected + errors.length, skipped: stats.skipped, failures }
}

const simReport = join(reports, 'simulator.json')
const simCount = () => existsSync(simReport) && { skipped: 0, ...JSON.parse(readFileSync(simReport, 'utf8')) }

let browsers
try {
  browsers = await findBrowsers()
} catch (error) {
  fail(error.message)
  finish()
}
console.log(`Chromium: ${browsers.chromium}\nFirefox:  ${browsers.firefox}`)
const env = { CHROME_PATH: browsers.chromium, FIREFOX_PATH: browsers.firefox }

// Generated types that tsconfig.json extends, and what postinstall makes, in case it was skipped.
await step('prepare', ['scripts/prepare.mjs'], { essential: true })
await step('generate types', [bin('wxt'), 'prepare'], { essential: true })
await step('types of the pure core', [bin('typescript', 'tsc'), '-p', 'src'])
await step('types', [bin('typescript', 'tsc')])
await step('lint', [bin('oxlint')])
await step('notices', ['scripts/notices.mjs', '--check'])
await step(
  'layers, unit, contract suites, vectors',
  [bin('vitest'), 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${vitestReport}`],
  {
    env,
    count: vitestCount,
  },
)
// All of two hundred seeds where the processors are fast enough: docs/simulator.md says how many that was.
await step(
  'simulator',
  ['scripts/sim.mjs', '--seeds', '1..200', '--faults', 'all', '--within', '290', '--report', simReport],
  { count: simCount },
)
const built =
  (await step('package for Chrome', [bin('wxt'), 'zip'])) && (await step('package for Firefox', [bin('wxt'), 'zip', '-b', 'firefox']))
if (built)
  await step('end to end in both browsers', [bin('@playwright/test', 'playwright'), 'test', '-c', 'tests/e2e', '--reporter=list,json'], {
    env: { ...env, PLAYWRIGHT_JSON_OUTPUT_FILE: playwrightReport },
    count: playwrightCount,
  })
finish()
