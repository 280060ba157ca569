/**
 * `npm run bench`: one JSON line per figure on stdout, all else on stderr. `--only NAME,…` takes some of them. Builds the
 * extension where a figure needs it. The machine should have nothing else to do; its load is told.
 */
import { spawnSync } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { benchCost, benchEmbed } from './embed.ts'
import type { Figure } from './figure.ts'
import { benchLedgerAppend, benchLedgerApply } from './ledger.ts'
import { benchLedgerMerge } from './ledger-merge.ts'
import { benchCatchUp } from './ledger-sync.ts'
import { benchPackageSize } from './package-size.ts'
import { benchRoundtrip } from './roundtrip.ts'
import { benchSearch } from './search.ts'
import { benchSpread } from './spread.ts'
import { benchStartWorker } from './start-worker.ts'

interface Bench {
  readonly measure: () => Promise<readonly Figure[]>
  readonly needsExtension?: true
}

const benches: Readonly<Record<string, Bench>> = {
  'size.package': { measure: benchPackageSize },
  'task.roundtrip': { measure: benchRoundtrip, needsExtension: true },
  'start.worker': { measure: benchStartWorker, needsExtension: true },
  'search.exact': { measure: benchSearch },
  'ledger.apply': { measure: benchLedgerApply },
  'ledger.append': { measure: benchLedgerAppend },
  'ledger.merge': { measure: benchLedgerMerge },
  'sync.catchup': { measure: benchCatchUp },
  'sync.spread': { measure: () => benchSpread(100) },
  'sync.spread.1000': { measure: () => benchSpread(1_000) },
  'embed.cost': { measure: benchCost },
  'embed.texts': { measure: () => benchEmbed() },
}

const { values } = parseArgs({ options: { only: { type: 'string' } } })
const wanted = values.only?.split(',') ?? Object.keys(benches)
const unknown = wanted.filter((name) => benches[name] === undefined)
if (unknown.length > 0) {
  console.error(`no figure ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}`)
  process.exit(2)
}

const load = (): string => `load ${loadavg()[0]!.toFixed(1)} on ${cpus().length} cores`
if (wanted.some((name) => benches[name]!.needsExtension)) {
  const { status } = spawnSync(process.execPath, ['node_modules/wxt/bin/wxt.mjs', 'build'], { stdio: ['ignore', 2, 2] })
  if (status !== 0) process.exit(1)
}
for (const name of wanted) {
  console.error(`${name}: ${load()}`)
  try {
    for (const figure of await benches[name]!.measure()) console.log(JSON.stringify(figure))
  } catch (error) {
    // The others are measured all the same.
    process.exitCode = 1
    console.error(`${name}: failed`, error)
  }
}
