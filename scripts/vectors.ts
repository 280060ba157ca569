/**
 * Makes the reference vectors of the demo's texts (tests/vectors/demo.*.npy) with the engine itself, in Node, one text a run. The
 * engine is held to vectors of others by tests/vectors/engine.test.ts; these guard it, on any machine, against changing its bits.
 *
 *     npx tsx scripts/vectors.ts
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createNodeEngine } from '../tests/support/node-engine.ts'
import { encodeNpy } from '../tests/support/npy.ts'

const texts = readFileSync('scripts/demo/texts.txt', 'utf8').split('\n').filter(Boolean)
const engine = createNodeEngine()
for (const [model, file] of [
  ['mini', 'tests/vectors/demo.mini-q8.npy'],
  ['mini-f32', 'tests/vectors/demo.mini-f32.npy'],
] as const) {
  const embedded = await engine.embed({ model, texts })
  if (!embedded.ok) throw new Error(JSON.stringify(embedded.error))
  writeFileSync(file, encodeNpy(embedded.value.vectors, embedded.value.dimension))
  console.log(`${file}: ${texts.length} × ${embedded.value.dimension}, ${embedded.value.resultClass}`)
}
engine.close()
