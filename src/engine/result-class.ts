/** The names under which results are comparable bit by bit, or within a backend's tolerance. */
import { sha256, toHex, utf8 } from '../lib/bytes.ts'
import type { ResultClass } from '../tasks/engine.ts'
import { answersDigest, knownAnswers } from '../tasks/known-answers.ts'
import type { ModelCard } from '../tasks/model-card.ts'

/** Another version may round otherwise. */
export const ortVersion = '1.30.0'

/** Of all in a card that a result depends on: another tokenizer, or another length, gives other bits of the same network. */
const digestOf = ({ files, dtype, dimension, tokensMax, pooling }: ModelCard): string =>
  toHex(sha256(utf8(JSON.stringify([files.map(({ path, sha256 }) => [path, sha256]), dtype, dimension, tokensMax, pooling])))).slice(0, 16)

const nameOf = (card: ModelCard, backend: string): ResultClass => `${digestOf(card)}/${card.dtype}/${backend}/ort-${ortVersion}`

/** Of WebAssembly, by what it gave for the known texts: the class whose bits are equal everywhere, or another where they are not. */
export const wasmClassOf = (
  card: ModelCard,
  vectors: Float32Array,
  answers: Readonly<Record<ResultClass, string>> = knownAnswers,
): ResultClass => {
  const exact = nameOf(card, 'wasm')
  return answers[exact] === answersDigest(vectors) ? exact : nameOf(card, 'wasm-unproven')
}
/** `vendor`: of the adapter. */
export const gpuClassOf = (card: ModelCard, vendor: string): ResultClass => `${nameOf(card, 'webgpu')}-${vendorName(vendor)}`

/** It goes into signed messages of bounded length. */
const vendorLengthMax = 24
const vendorName = (vendor: string): string =>
  vendor
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, vendorLengthMax)
    .replace(/^-|-$/g, '')
