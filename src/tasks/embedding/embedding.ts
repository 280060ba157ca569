/**
 * `embedding`: texts → unit vectors. Units: one text of ≤ 128 tokens = 50 000 (5 credits per 100 texts at list price), each
 * further started 128 tokens the same again (spec: tasks.md, economy.md).
 */
import * as v from 'valibot'
import type { Bytes } from '../../lib/bytes.ts'
import { encode } from '../../lib/cbor.ts'
import { err, ok } from '../../lib/result.ts'
import { bytesUpTo, parseBytes, text, uint } from '../../lib/schema.ts'
import type { TaskType } from '../task-type.ts'
import { bitStable, sameAnswer } from './compare.ts'

export const textsPerTaskMax = 250
export const textLengthMax = 1 << 20
/** A task's payload: what a worker must hold at once, and what a lost task costs to send again. */
export const payloadBytesMax = 4 << 20
const outputBytesMax = 8 << 20
const tokensPerStep = 128

export interface EmbeddingPayload {
  readonly model: string
  readonly texts: readonly string[]
}

export interface EmbeddingOutput {
  readonly dimension: number
  /** texts × dimension, row-major. */
  readonly vectors: Float32Array<ArrayBuffer>
  /** Indices of texts cut at the model's limit, rising. */
  readonly truncated: readonly number[]
}

/** Units of texts with these token counts ([CLS] and [SEP] included), at the policy's price of a step in µcr. */
export const embeddingUnits = (tokens: readonly number[], stepMicro: number): number =>
  tokens.reduce((sum, count) => sum + Math.max(1, Math.ceil(count / tokensPerStep)) * stepMicro, 0)

const payloadSchema = v.strictObject({
  model: text(64),
  texts: v.pipe(v.array(text(textLengthMax)), v.minLength(1), v.maxLength(textsPerTaskMax)),
})
const outputSchema = v.strictObject({
  dimension: uint(8192),
  vectors: bytesUpTo(outputBytesMax),
  truncated: v.pipe(v.array(uint(textsPerTaskMax)), v.maxLength(textsPerTaskMax)),
})

/** Little-endian, whatever the machine: the bytes are hashed and compared between machines. */
const toLittleEndian = (vectors: Float32Array): Bytes => {
  const bytes = new Uint8Array(vectors.length * 4)
  const view = new DataView(bytes.buffer)
  vectors.forEach((x, i) => view.setFloat32(4 * i, x, true))
  return bytes
}
const fromLittleEndian = (bytes: Uint8Array): Float32Array<ArrayBuffer> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true))
}

export const embedding: TaskType<EmbeddingPayload, EmbeddingOutput> = {
  name: 'embedding',
  encodePayload: ({ model, texts }) => encode({ model, texts: [...texts] }),
  parsePayload: (bytes) => parseBytes(payloadSchema, bytes),
  encodeOutput: ({ dimension, vectors, truncated }) => encode({ dimension, vectors: toLittleEndian(vectors), truncated: [...truncated] }),
  parseOutput: (bytes, payload) => {
    const parsed = parseBytes(outputSchema, bytes)
    if (!parsed.ok) return parsed
    const { dimension, truncated } = parsed.value
    if (dimension === 0 || parsed.value.vectors.length !== payload.texts.length * dimension * 4)
      return err({ type: 'malformed', what: `not ${payload.texts.length} × ${dimension} floats`, where: 'vectors' })
    const vectors = fromLittleEndian(parsed.value.vectors)
    return vectors.every(Number.isFinite) ? ok({ dimension, vectors, truncated }) : err({ type: 'malformed', what: 'not finite', where: 'vectors' })
  },
  agree: sameAnswer,
  exactIn: bitStable,
}
