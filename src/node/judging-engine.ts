/**
 * What a relay does workers' work again with (`--judge-results`): the encoder of the extension, in this thread, on the models that lie in
 * its folders. Between two texts the relay answers others.
 */
import { setImmediate } from 'node:timers/promises'
import type { Reexecution } from '../agent/relay-results.ts'
import { toEngineError } from '../engine/engine-error.ts'
import { err, ok } from '../lib/result.ts'
import { embedding } from '../tasks/embedding/embedding.ts'
import type { ModelCard } from '../tasks/model-card.ts'
import { type LoadedModel, loadModel } from './load-model.ts'

export const createJudgingEngine = async (
  cards: readonly ModelCard[],
  folders: readonly string[],
  log: (line: string) => void,
): Promise<Reexecution['engine']> => {
  const models = new Map<string, LoadedModel>()
  for (const card of cards) {
    const loaded = await loadModel(card, folders)
    if (loaded.ok && embedding.exactIn(loaded.value.resultClass)) models.set(card.name, loaded.value)
    else if (loaded.ok) log(`results of model ${card.name} are not judged here: this machine does not give its known answers`)
    else log(`results of model ${card.name} are not judged here: ${loaded.error.type}`)
  }
  return {
    classes: () => [...models.values()].map(({ card, resultClass }) => ({ model: card.name, resultClass })),
    // One report is judged at a time (agent/relay-results.ts), so one session is never asked twice at once.
    embed: async ({ model, texts, signal }) => {
      const loaded = models.get(model)
      if (!loaded) return err({ type: 'unknown-model', model })
      const { card, tokenizer, encoder, resultClass } = loaded
      const vectors = new Float32Array(texts.length * card.dimension)
      const truncated: number[] = []
      let busyMs = 0
      try {
        for (const [i, text] of texts.entries()) {
          await setImmediate()
          if (signal?.aborted) return err({ type: 'aborted' })
          const tokens = tokenizer.encode(text)
          if (tokens.truncated) truncated.push(i)
          const encoded = await encoder.encode(tokens.ids)
          vectors.set(encoded.vector, i * card.dimension)
          busyMs += encoded.busyMs
        }
      } catch (error) {
        return err(toEngineError(error))
      }
      return ok({ vectors, dimension: card.dimension, resultClass, busyMs, truncated })
    },
  }
}
