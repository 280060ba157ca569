/**
 * Texts whose vectors are known for a class, so that a machine that computes other bits finds out by itself before it is offered such
 * work (spec: ledger.md, *Verdicts*: excluded, not slashed; tasks.md, *Verification*).
 *
 * A class without known answers is never compared bit by bit, and nobody is fined in it.
 */
import { type Bytes, sha256, toHex } from '../lib/bytes.ts'
import type { ResultClass } from './engine.ts'

/** Of several lengths: a product's odd ends go other ways through the kernels than its middle. */
export const knownTexts: readonly string[] = [
  '',
  'A loaf of bread keeps longest in a wooden box.',
  'The river rises in spring, when the snow on the hills melts; then the old bridge is closed and everybody walks round by the mill.',
  'In 1847 a clock-maker from Zürich sold 3 of his 12 watches, at 45.50 francs each, to a captain who was never on time. "They are slow," he wrote back, half a year and 9 000 miles later; "or else the sun is fast." The maker, who had never seen the sea, asked what the captain had set them by, and learnt that noon had moved with the ship. He answered with a drawing: two hands more, one for where you are, one for home. Nobody bought it for thirty years. Then came the railways, and with them a timetable; and every station, it turned out, had been keeping a noon of its own.',
]

/** By class: SHA-256 of the known texts' vectors one after another, f32 little-endian (tests/vectors/engine.test.ts). */
export const knownAnswers: Readonly<Record<ResultClass, string>> = {
  // mini, mini-f32, minilm
  '3d7a7eec550e8039/q8/wasm/ort-1.30.0': '4856f332c5e20cba1ed11d72aaf5f0d40b9b246d5816c4e73ce14b649552ab1c',
  'f47f8d6742254210/f32/wasm/ort-1.30.0': '132a697f595af09de97c87a4136c2518c4418845d23f9a6cf00a2b82db1fc80b',
  '2424901a9824ec99/q8/wasm/ort-1.30.0': '7ff512673a365a43e62ce0f6301236d4739ac67d35e454df2594a28f93282edf',
}

export const answersDigest = (vectors: Float32Array): string => {
  const bytes: Bytes = new Uint8Array(4 * vectors.length)
  const view = new DataView(bytes.buffer)
  vectors.forEach((x, i) => view.setFloat32(4 * i, x, true))
  return toHex(sha256(bytes))
}
