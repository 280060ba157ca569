/** The command line of the simulator. */
import { err, ok, type Result } from '../../src/lib/result.ts'
import { type FaultName, faultNames } from './fault-names.ts'
import type { Scenario } from './simulate.ts'

export const usage = `npm run sim -- [--nodes N] [--minutes M] [--seed S | --seeds A..B] [--faults LIST|all|none] [--kind private|public|mixed] [--witnesses 1|4|7] [--jobs J] [--within S] [--json] [--report FILE]

  --nodes N       machines, the witnesses among them (12)
  --minutes M     virtual minutes of work, weather and attack; quiet ones follow until all is settled (10)
  --seed S        one run (1); --seeds A..B: one each
  --faults LIST   kinds of faulty nodes, by commas; drawn by the seed as the swarm bears them (all)
                  ${faultNames.join(', ')}
  --kind K        of swarm: private, public (who is unknown pays ahead, who has no deposit is on probation), or mixed: every third
                  seed is public (mixed)
  --witnesses W   3f + 1 of them (4)
  --jobs J        seeds at once, each in a process of its own (as many as there are processors)
  --within S      no seed is begun after so many seconds, and the last line says how many were run
  --json          a line of JSON per run and one for all
  --report FILE   writes {passed, failed, failures} there, a command for each failure
`

export interface Options {
  readonly scenarios: readonly Scenario[]
  readonly json: boolean
  /** Undefined: as many as there are processors. */
  readonly jobs?: number
  readonly withinS?: number
  readonly report?: string
}

const known = ['nodes', 'minutes', 'seed', 'seeds', 'faults', 'kind', 'witnesses', 'jobs', 'within', 'report'] as const
const nodesMax = 10_000
const publicOneIn = 3
const minutesMax = 24 * 60
const seedsMax = 100_000
const jobsMax = 64
const withinSMax = 24 * 60 * 60

export const parseOptions = (args: readonly string[]): Result<Options, string> => {
  const given = new Map<string, string>()
  let json = false
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (arg === '--json') {
      json = true
      continue
    }
    const name = arg.startsWith('--') ? arg.slice(2) : ''
    if (!(known as readonly string[]).includes(name)) return err(`not an option: ${arg}`)
    const value = args[++i]
    if (value === undefined) return err(`${arg} lacks its value`)
    given.set(name, value)
  }
  const whole = (name: (typeof known)[number], fallback: number, least: number, most: number): Result<number, string> => {
    const text = given.get(name) ?? `${fallback}`
    const value = Number(text)
    return /^\d+$/.test(text) && value >= least && value <= most
      ? ok(value)
      : err(`--${name} takes a whole number from ${least} to ${most}, not ${text}`)
  }
  const [nodes, minutes, witnesses] = [whole('nodes', 12, 4, nodesMax), whole('minutes', 10, 1, minutesMax), whole('witnesses', 4, 1, 100)]
  for (const each of [nodes, minutes, witnesses]) if (!each.ok) return each
  if (!nodes.ok || !minutes.ok || !witnesses.ok) return err('')
  if (witnesses.value % 3 !== 1) return err(`--witnesses takes 1, 4, 7, 10 …, not ${witnesses.value}`)
  if (nodes.value < witnesses.value + 3)
    return err(`--nodes: with ${witnesses.value} witnesses there must be ${witnesses.value + 3} at least`)
  if (given.has('seed') && given.has('seeds')) return err('--seed and --seeds say the same twice')
  const range = /^(\d+)\.\.(\d+)$/.exec(given.get('seeds') ?? '')
  if (given.has('seeds') && !range) return err(`--seeds takes A..B, not ${given.get('seeds')}`)
  const one = whole('seed', 1, 0, Number.MAX_SAFE_INTEGER)
  if (!one.ok) return one
  const [first, last] = range ? [Number(range[1]), Number(range[2])] : [one.value, one.value]
  if (last < first || last - first >= seedsMax) return err(`--seeds: from ${first} to ${last} is not a range of 1 to ${seedsMax}`)
  const faults = faultsOf(given.get('faults') ?? 'all')
  if (!faults.ok) return faults
  if (
    witnesses.value === 1 &&
    given.get('faults') !== undefined &&
    faults.value.some((name) => name.endsWith('-witness')) &&
    given.get('faults') !== 'all'
  )
    return err('one witness bears no faulty one: --witnesses 4')
  const kind = given.get('kind') ?? 'mixed'
  if (kind !== 'private' && kind !== 'public' && kind !== 'mixed') return err(`--kind is private, public or mixed, not ${kind}`)
  const jobs = whole('jobs', 1, 1, jobsMax)
  if (!jobs.ok) return jobs
  const within = whole('within', withinSMax, 1, withinSMax)
  if (!within.ok) return within
  const report = given.get('report')
  const seeds = Array.from({ length: last - first + 1 }, (_, i) => first + i)
  return ok({
    json,
    ...(given.has('jobs') ? { jobs: jobs.value } : {}),
    ...(given.has('within') ? { withinS: within.value } : {}),
    ...(report === undefined ? {} : { report }),
    scenarios: seeds.map((seed) => ({
      seed,
      nodes: nodes.value,
      minutes: minutes.value,
      kind: kind === 'mixed' ? (seed % publicOneIn === 0 ? 'public' : 'private') : kind,
      witnesses: witnesses.value,
      faults: faults.value,
    })),
  })
}

const faultsOf = (list: string): Result<readonly FaultName[], string> => {
  if (list === 'all') return ok(faultNames)
  if (list === 'none') return ok([])
  const names = [...new Set(list.split(','))]
  for (const name of names) {
    if (!(faultNames as readonly string[]).includes(name)) return err(`no such fault: ${name}. There are ${faultNames.join(', ')}.`)
  }
  return ok(names as FaultName[])
}

/** What runs this seed again. */
export const replayCommand = ({ seed, nodes, minutes, kind, witnesses, faults }: Scenario): string =>
  `npm run sim -- --nodes ${nodes} --minutes ${minutes} --seed ${seed} --kind ${kind} --witnesses ${witnesses} --faults ${faults.join(',') || 'none'}`
