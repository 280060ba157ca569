/** Both sides behind one shape, for the bench to drive from outside. */
import { systemClock } from '../../../src/crypto/clock.ts'
import { browserEngineDeps } from '../../../src/engine/browser-engine.ts'
import { createEngine } from '../../../src/engine/create-engine.ts'
import type { ModelCard } from '../../../src/tasks/model-card.ts'
import type { TheirsRequest } from './theirs.worker.ts'

export interface BenchPage {
  readonly cores: number
  readonly ours: (card: ModelCard, texts: readonly string[]) => Promise<number>
  /** `batch` texts a run, sorted by length. */
  readonly theirs: (card: ModelCard, texts: readonly string[], batch: number) => Promise<number>
}

const engine = createEngine({ ...browserEngineDeps(`${location.origin}/`, systemClock, () => `${location.origin}/hub`), assetsBase: null })
engine.setShare(1)
let configured: string | undefined

const worker = new Worker(new URL('./theirs.worker.ts', import.meta.url), { type: 'module' })
const ask = (request: TheirsRequest): Promise<number> =>
  new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<number | string>) => (typeof data === 'number' ? resolve(data) : reject(new Error(data)))
    worker.onerror = (event) => reject(new Error(event.message))
    worker.postMessage(request)
  })

const page: BenchPage = {
  cores: navigator.hardwareConcurrency,
  ours: async (card, texts) => {
    if (configured !== card.name) engine.configure([card], [])
    configured = card.name
    const start = performance.now()
    const done = await engine.embed({ model: card.name, texts })
    if (!done.ok) throw new Error(JSON.stringify(done.error))
    return performance.now() - start
  },
  theirs: (card, texts, batch) =>
    ask({
      hub: `${location.origin}/hub/`,
      ort: `${location.origin}/their-ort/`,
      card,
      texts,
      batch,
      threads: navigator.hardwareConcurrency,
    }),
}
Object.assign(globalThis, { bench: page })
