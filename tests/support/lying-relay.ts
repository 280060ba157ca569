/** `edge-net` as a test build, whose relays' witness signs whatever it is shown. */
import { runCommandLine } from '../../src/node/command-line.ts'
import { createLyingWitness } from './lying-witness.ts'

await runCommandLine(process.argv.slice(2), { createWitness: createLyingWitness })
