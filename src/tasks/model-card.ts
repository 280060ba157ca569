/** A model as the policy lists it: where its files are and the SHA-256 that each must have, whatever mirror served it. */
export interface ModelFile {
  /** Path in the repository, as `onnx/model_quantized.onnx`. */
  readonly path: string
  readonly bytes: number
  /** Lower-case hex. */
  readonly sha256: string
}

export interface ModelCard {
  /** What people and tasks call it: `mini`, `minilm`. */
  readonly name: string
  readonly repo: string
  readonly revision: string
  readonly dtype: 'q8' | 'f32'
  readonly dimension: number
  readonly tokensMax: number
  readonly pooling: 'mean' | 'cls'
  readonly licence: string
  /** config.json, tokenizer.json, tokenizer_config.json and the ONNX file of `dtype` (last). */
  readonly files: readonly ModelFile[]
}
