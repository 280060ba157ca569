/** The names under which results are comparable bit by bit, or within a backend's tolerance. */
import type { ResultClass } from '../tasks/engine.ts'
import type { ModelCard } from '../tasks/model-card.ts'

/** Another version may round otherwise. */
export const ortVersion = '1.30.0'

/** `gpuVendor`: of the WebGPU adapter; null where WebAssembly computes. */
export const resultClassOf = (card: ModelCard, gpuVendor: string | null): ResultClass => {
  const onnx = card.files.at(-1)?.sha256.slice(0, 16) ?? ''
  return gpuVendor === null
    ? `${onnx}/${card.dtype}/wasm/ort-${ortVersion}`
    : `${onnx}/${card.dtype}/webgpu/ort-${ortVersion}-${vendorName(gpuVendor)}`
}

/** It goes into signed messages of bounded length. */
const vendorLengthMax = 24
const vendorName = (vendor: string): string =>
  vendor
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, vendorLengthMax)
    .replace(/^-|-$/g, '')
