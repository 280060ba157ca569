/** The names under which results are comparable bit by bit, or within a backend's tolerance. */
import { sha256, toHex, utf8 } from '../lib/bytes.ts'
import type { ResultClass } from '../tasks/engine.ts'
import type { ModelCard } from '../tasks/model-card.ts'

/** Another version may round otherwise. */
export const ortVersion = '1.30.0'

/** Of all in a card that a result depends on: another tokenizer, or another length, gives other bits of the same network. */
const digestOf = ({ files, dtype, dimension, tokensMax, pooling }: ModelCard): string =>
  toHex(sha256(utf8(JSON.stringify([files.map(({ path, sha256 }) => [path, sha256]), dtype, dimension, tokensMax, pooling])))).slice(0, 16)

/** `gpuVendor`: of the WebGPU adapter; null where WebAssembly computes. */
export const resultClassOf = (card: ModelCard, gpuVendor: string | null): ResultClass => {
  const model = digestOf(card)
  return gpuVendor === null
    ? `${model}/${card.dtype}/wasm/ort-${ortVersion}`
    : `${model}/${card.dtype}/webgpu/ort-${ortVersion}-${vendorName(gpuVendor)}`
}

/** It goes into signed messages of bounded length. */
const vendorLengthMax = 24
const vendorName = (vendor: string): string =>
  vendor
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, vendorLengthMax)
    .replace(/^-|-$/g, '')
