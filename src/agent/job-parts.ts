/** How a job's texts are cut into tasks, and how the vectors of its tasks, and their votes, come together again. */
import type { Task } from '../contract/requester.ts'
import type { Policy } from '../economy/policy.ts'
import { unitsScale } from '../economy/price.ts'
import { type Bytes, toHex, utf8 } from '../lib/bytes.ts'
import type { Store } from '../lib/store.ts'
import { embedding, type EmbeddingOutput, embeddingUnits, payloadBytesMax, textsPerTaskMax } from '../tasks/embedding/embedding.ts'
import type { Job } from './jobs.ts'

export interface Texts {
  readonly texts: readonly string[]
  readonly ids: readonly string[]
}

/** One row of `dimension` numbers per text. */
export interface Vectors extends Texts {
  readonly vectors: Float32Array<ArrayBuffer>
  readonly dimension: number
}

export const isOpen = (task: Task): boolean => task.phase === 'hiring' || task.phase === 'working'
/** All its workers begin, or have begun, without being paid ahead. */
export const agreedWithout = (task: Task): boolean =>
  task.phase === 'working' && task.replicas.every((r) => r.phase !== 'proposed' && r.prepay === undefined)

/** Sizes are told rounded up to a power of two: the exact one is the workers' business only. */
export const roundedUp = (bytes: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, bytes)))

/** Units of one task at most: a replica of it costs no more than a step paid ahead, or a tab where nobody pays ahead. */
export const unitsMax = ({ tabMicro, prepayMicro }: Pick<Policy, 'tabMicro' | 'prepayMicro'>, price: number): number =>
  Number((BigInt(prepayMicro || tabMicro) * unitsScale) / BigInt(price))

/** `tokens`: of each text; `stepMicro`: the policy's price of a step, µcr; `unitsMax`: of one task, unless a single text has more. */
export const cutTexts = (texts: readonly string[], tokens: readonly number[], stepMicro: number, unitsMax: number): Job['parts'] => {
  const parts: { first: number; count: number; units: number }[] = []
  let first = 0
  let bytes = 0
  let units = 0
  for (let i = 0; i <= texts.length; i++) {
    const size = i < texts.length ? utf8(texts[i]!).length + 8 : 0
    const more = i < texts.length ? embeddingUnits([tokens[i]!], stepMicro) : 0
    const full = i - first === textsPerTaskMax || bytes + size > payloadBytesMax || units + more > unitsMax
    if (i > first && (i === texts.length || full)) {
      parts.push({ first, count: i - first, units })
      first = i
      bytes = 0
      units = 0
    }
    bytes += size
    units += more
  }
  return parts
}

/** Whatever is stored of it, in input order, with the texts that it belongs to; undefined: nothing. */
export const readVectors = async (store: Store, job: Job, all: Texts): Promise<Vectors | undefined> => {
  const outputs: EmbeddingOutput[] = []
  const [texts, ids]: [string[], string[]] = [[], []]
  for (const [key, value] of await store.list('vectors', { prefix: `${job.id}/` })) {
    const row = value as { readonly bytes: Bytes; readonly texts: number }
    const output = embedding.parseOutput(row.bytes, { model: job.model, texts: Array.from({ length: row.texts }, () => '') })
    if (!output.ok) return undefined
    // Numbered by task; where this machine computes alone, by the first text.
    const number = Number(key.slice(job.id.length + 1))
    const first = job.where === 'local' ? number : job.parts[number]!.first
    outputs.push(output.value)
    texts.push(...all.texts.slice(first, first + row.texts))
    ids.push(...all.ids.slice(first, first + row.texts))
  }
  if (outputs.length === 0) return undefined
  const vectors = new Float32Array(outputs.reduce((n, output) => n + output.vectors.length, 0))
  let at = 0
  for (const output of outputs) {
    vectors.set(output.vectors, at)
    at += output.vectors.length
  }
  return { vectors, dimension: vectors.length / texts.length, texts, ids }
}

/** How many texts were agreed by how many workers, from the tasks that are verified. */
export const agreedBy = (tasks: readonly Task[]): Record<string, number> => {
  const agreed: Record<string, number> = {}
  for (const task of tasks) {
    if (task.phase !== 'verified') continue
    // Those of the vote that could not be rewarded have agreed all the same.
    const agrees = (r: Task['replicas'][number]): boolean =>
      r.phase === 'accepted' || r.verdict === 'accepted' || (r.agreement !== null && task.winners.includes(toHex(r.agreement.id)))
    const votes = task.replicas.filter(agrees).length
    agreed[votes] = (agreed[votes] ?? 0) + task.texts
  }
  return agreed
}
