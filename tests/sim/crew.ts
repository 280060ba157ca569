/**
 * Runs seeds on several processors: this program forks itself, and each of its children runs one seed after another. A seed is
 * one process's alone, so that its run is the same however many there are; outcomes come in the order of the scenarios.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Outcome, type Scenario, simulate } from './simulate.ts'

/** What a child says of the scenario that it was sent. */
export type Done = { readonly outcome: Outcome; readonly wallMs: number } | { readonly failure: string }

const runOne = async (scenario: Scenario, passed?: (text: string) => void): Promise<Done> => {
  const sinceMs = performance.now()
  try {
    const outcome = await simulate(scenario, passed)
    return { outcome, wallMs: performance.now() - sinceMs }
  } catch (error) {
    return { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

const program = fileURLToPath(import.meta.url)
const childWord = 'child'

/** The child's side: in it nothing else is to be done. */
export const servesAsChild = (): boolean => {
  if (!process.send || process.argv[2] !== childWord) return false
  process.on('message', (scenario) => void runOne(scenario as Scenario).then((done) => process.send!(done)))
  return true
}

export const runAll = async (
  scenarios: readonly Scenario[],
  processes: number,
  /** No more are begun once there is no time left; the first of each process always is. */
  timeLeft: () => boolean,
  /** A run that is alone says after each virtual minute where it is. */
  passed: (text: string) => void,
  tell: (scenario: Scenario, done: Done) => void,
): Promise<void> => {
  if (Math.min(processes, scenarios.length) <= 1) {
    for (let at = 0; at < scenarios.length && (at === 0 || timeLeft()); at++)
      tell(scenarios[at]!, await runOne(scenarios[at]!, scenarios.length === 1 ? passed : undefined))
    return
  }
  const done: Done[] = []
  let [next, told] = [0, 0]
  const finish = (at: number, result: Done): void => {
    done[at] = result
    for (; done[told]; told++) tell(scenarios[told]!, done[told]!)
  }
  /** Until there is nothing left; a child that dies has failed its scenario, and another takes its place. */
  const work = async (): Promise<void> => {
    let child: ChildProcess | undefined
    while (next < scenarios.length && (!child || timeLeft())) {
      const at = next++
      child = child?.connected ? child : fork(program, [childWord], { execArgv: ['--enable-source-maps'] })
      finish(at, await ask(child, scenarios[at]!))
    }
    child?.disconnect()
  }
  await Promise.all(Array.from({ length: Math.min(processes, scenarios.length) }, work))
}

const ask = (child: ChildProcess, scenario: Scenario): Promise<Done> =>
  new Promise((resolve) => {
    const onMessage = (done: unknown): void => end(done as Done)
    const onExit = (code: number | null, signal: string | null): void => end({ failure: `its process ended: ${signal ?? code}` })
    const end = (done: Done): void => {
      child.off('message', onMessage)
      child.off('exit', onExit)
      resolve(done)
    }
    child.on('message', onMessage)
    child.on('exit', onExit)
    child.send(scenario)
  })
