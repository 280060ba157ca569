/** `npm run sim`: runs the seeds one after another. Exit 1: something that must always hold did not; 2: not a command. */
import { parseOptions, usage } from './options.ts'
import { problemsOf, runJson, runText, summaryJson, summaryText } from './report.ts'
import { type Outcome, simulate } from './simulate.ts'

const main = async (): Promise<number> => {
  const options = parseOptions(process.argv.slice(2))
  if (!options.ok) {
    console.error(`${options.error}\n\n${usage}`)
    return 2
  }
  const { scenarios, json } = options.value
  const startedMs = performance.now()
  const outcomes: Outcome[] = []
  for (const scenario of scenarios) {
    const sinceMs = performance.now()
    const outcome = await simulate(scenario)
    const wallMs = performance.now() - sinceMs
    console.log(json ? runJson(outcome, wallMs) : runText(outcome, wallMs))
    outcomes.push({ ...outcome, notes: [] })
  }
  const wallMs = performance.now() - startedMs
  if (json) console.log(summaryJson(outcomes, wallMs))
  else
    console.log(
      `\n${summaryText(outcomes)}\n\n${outcomes.length} runs in ${(wallMs / 1000).toFixed(1)} s, ${outcomes.filter((o) => problemsOf(o).length > 0).length} failed`,
    )
  return outcomes.some((outcome) => problemsOf(outcome).length > 0) ? 1 : 0
}

process.exitCode = await main()
