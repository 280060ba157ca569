/** `npm run sim`: runs the seeds, as many at once as there are processors. Exit 1: something that must always hold did not; 2: not a command. */
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { runAll, servesAsChild } from './crew.ts'
import { parseOptions, replayCommand, usage } from './options.ts'
import { brokenText, problemsOf, runJson, runText, summaryJson, summaryText } from './report.ts'
import type { Outcome } from './simulate.ts'

const main = async (): Promise<number> => {
  const options = parseOptions(process.argv.slice(2))
  if (!options.ok) {
    console.error(`${options.error}\n\n${usage}`)
    return 2
  }
  const { scenarios, json, jobs = availableParallelism(), withinS = Infinity, report } = options.value
  const startedMs = performance.now()
  const timeLeft = (): boolean => performance.now() - startedMs < withinS * 1000
  const outcomes: Outcome[] = []
  let runs = 0
  const failures: string[] = []
  const passed = (text: string): void => console.error(`${text}, ${((performance.now() - startedMs) / 1000).toFixed(0)} s`)
  await runAll(scenarios, jobs, timeLeft, passed, (scenario, done) => {
    runs++
    if ('failure' in done) console.log(brokenText(scenario, done.failure, json))
    else {
      console.log(json ? runJson(done.outcome, done.wallMs) : runText(done.outcome, done.wallMs))
      outcomes.push({ ...done.outcome, notes: [] })
    }
    if ('failure' in done || problemsOf(done.outcome).length > 0) failures.push(replayCommand(scenario))
  })
  const wallMs = performance.now() - startedMs
  if (json) console.log(summaryJson(outcomes, runs, failures.length, wallMs))
  else
    console.log(
      `\n${summaryText(outcomes)}\n\n${runs} of ${scenarios.length} runs in ${(wallMs / 1000).toFixed(1)} s, ${failures.length} failed`,
    )
  if (report !== undefined) writeFileSync(report, JSON.stringify({ passed: runs - failures.length, failed: failures.length, failures }))
  return failures.length > 0 ? 1 : 0
}

if (!servesAsChild()) process.exitCode = await main()
