/** A model out of folders in hub layout, each file checked against its card: what computes with it in this thread, without Workers. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createEncoder, type Encoder } from '../engine/encoder.ts'
import { toEngineError } from '../engine/engine-error.ts'
import { wasmClassOf } from '../engine/result-class.ts'
import { createTokenizer, type Tokenizer } from '../engine/wordpiece.ts'
import { sha256, toHex } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { EngineError, ResultClass } from '../tasks/engine.ts'
import { knownTexts } from '../tasks/known-answers.ts'
import type { ModelCard } from '../tasks/model-card.ts'

export interface LoadedModel {
  readonly card: ModelCard
  readonly tokenizer: Tokenizer
  readonly encoder: Encoder
  /** By what it gives for the known texts. */
  readonly resultClass: ResultClass
}

/** From the first folder in which the model lies. */
export const loadModel = async (card: ModelCard, folders: readonly string[]): Promise<Result<LoadedModel, EngineError>> => {
  const places = folders.map((root) => join(root, ...card.repo.split('/')))
  const folder = places.find((place) => existsSync(place))
  if (folder === undefined)
    return err({ type: 'model-unreachable', model: card.name, tried: places.map((url) => ({ url, why: 'not there' })) })
  const files = new Map<string, Buffer>()
  try {
    for (const file of card.files) {
      const bytes = await readFile(join(folder, ...file.path.split('/')))
      const actual = toHex(sha256(bytes))
      if (actual !== file.sha256) return err({ type: 'wrong-hash', file: `${card.repo}/${file.path}`, expected: file.sha256, actual })
      files.set(file.path, bytes)
    }
    const json = (path: string): unknown => JSON.parse(String(files.get(path)))
    const tokenizer = createTokenizer(json('tokenizer.json'), json('tokenizer_config.json'), card.tokensMax)
    if (!tokenizer.ok) return err({ type: 'failed', message: tokenizer.error })
    // Loaded with the first model: whoever needs none does without.
    const ort = await import('onnxruntime-web/wasm')
    ort.env.wasm.numThreads = 1
    ort.env.logLevel = 'error'
    const session = await ort.InferenceSession.create(files.get(card.files.at(-1)?.path ?? '') ?? Buffer.alloc(0), {
      executionProviders: ['wasm'],
    })
    const encoder = createEncoder(ort, session, card.pooling, () => performance.now())
    const vectors = new Float32Array(knownTexts.length * card.dimension)
    for (const [i, text] of knownTexts.entries())
      vectors.set((await encoder.encode(tokenizer.value.encode(text).ids)).vector, i * card.dimension)
    return ok({ card, tokenizer: tokenizer.value, encoder, resultClass: wasmClassOf(card, vectors) })
  } catch (error) {
    return err(toEngineError(error))
  }
}
