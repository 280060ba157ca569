/** One model's way from a card of the policy to being ready: its files, its tokenizer, its state as people see it. */
import { type Bytes } from '../lib/bytes.ts'
import { err, type Result } from '../lib/result.ts'
import type { EngineError, ModelStatus } from '../tasks/engine.ts'
import type { ModelCard, ModelFile } from '../tasks/model-card.ts'
import type { ModelStore, Source } from './model-store.ts'
import { createTokenizer, type Tokenizer } from './wordpiece.ts'

export interface ShelfModel {
  readonly card: ModelCard
  readonly status: () => ModelStatus
  /** Needs the small files only. */
  readonly tokenizer: (signal?: AbortSignal) => Promise<Result<Tokenizer, EngineError>>
  /** The ONNX file, verified. Held in memory until `forget`. */
  readonly onnx: (signal?: AbortSignal) => Promise<Result<Bytes, EngineError>>
  readonly forget: () => void
  readonly kept: () => Promise<boolean>
  readonly setReady: () => void
  readonly setFailed: (error: EngineError) => void
}

export const createShelfModel = (
  card: ModelCard,
  store: ModelStore,
  sourcesOf: (file: ModelFile) => readonly Source[],
  changed: () => void,
): ShelfModel => {
  // config.json is listed for other programs; its facts are in the card.
  const needed = card.files.filter((file) => file.path !== 'config.json')
  const totalBytes = needed.reduce((sum, file) => sum + file.bytes, 0)
  const loaded = new Map<string, number>()
  let state: ModelStatus['state'] = 'absent'
  let error: EngineError | undefined
  const become = (next: ModelStatus['state'], why?: EngineError): void => {
    state = next
    error = why
    changed()
  }

  const load = async (file: ModelFile, signal?: AbortSignal): Promise<Result<Bytes, EngineError>> => {
    if (state === 'absent' || state === 'failed') become('loading')
    const bytes = await store.load(card, file, sourcesOf(file), signal, (count) => {
      loaded.set(file.path, count)
      if (state === 'loading') changed()
    })
    if (!bytes.ok) become(bytes.error.type === 'aborted' ? 'absent' : 'failed', bytes.error.type === 'aborted' ? undefined : bytes.error)
    return bytes
  }
  const fileNamed = (path: string): ModelFile | undefined => card.files.find((file) => file.path === path)

  const openTokenizer = async (signal?: AbortSignal): Promise<Result<Tokenizer, EngineError>> => {
    const values: unknown[] = []
    for (const path of ['tokenizer.json', 'tokenizer_config.json']) {
      const file = fileNamed(path)
      if (!file) return err({ type: 'failed', message: `${card.name} has no ${path}` })
      const bytes = await load(file, signal)
      if (!bytes.ok) return bytes
      try {
        values.push(JSON.parse(new TextDecoder().decode(bytes.value)))
      } catch {
        return err({ type: 'failed', message: `${card.repo}/${path} is not JSON` })
      }
    }
    // A price is asked for without the model itself: then nothing more is on its way.
    if (state === 'loading' && !onnx.begun()) become('absent')
    const made = createTokenizer(values[0], values[1], card.tokensMax)
    return made.ok ? made : err({ type: 'failed', message: `${card.repo}: ${made.error}` })
  }
  const openOnnx = async (signal?: AbortSignal): Promise<Result<Bytes, EngineError>> => {
    const file = card.files.at(-1)
    return file ? load(file, signal) : err({ type: 'failed', message: `${card.name} has no files` })
  }

  const tokenizer = once(openTokenizer)
  const onnx = once(openOnnx)
  return {
    card,
    status: () => ({
      name: card.name,
      state,
      loadedBytes: state === 'ready' ? totalBytes : [...loaded.values()].reduce((sum, bytes) => sum + bytes, 0),
      totalBytes,
      ...(error ? { error } : {}),
    }),
    tokenizer: tokenizer.get,
    onnx: onnx.get,
    forget: onnx.forget,
    kept: async () => {
      for (const file of needed) if (!(await store.has(file))) return false
      return true
    },
    setReady: () => become('ready'),
    setFailed: (why) => become('failed', why),
  }
}

/**
 * Shares one attempt among all who ask meanwhile and keeps what came of it; a failure is tried anew by the next. Whoever aborts
 * leaves at once; when the last one left, the attempt itself is aborted.
 */
const once = <T>(open: (signal: AbortSignal) => Promise<Result<T, EngineError>>) => {
  let current: { readonly result: Promise<Result<T, EngineError>>; readonly abort: AbortController; waiting: number } | undefined
  const begin = (): NonNullable<typeof current> => {
    const abort = new AbortController()
    const attempt = { result: open(abort.signal), abort, waiting: 0 }
    void attempt.result.then((result) => {
      if (!result.ok && current === attempt) current = undefined
    })
    return attempt
  }
  return {
    get: async (signal?: AbortSignal): Promise<Result<T, EngineError>> => {
      if (signal?.aborted) return err({ type: 'aborted' })
      const attempt = (current ??= begin())
      attempt.waiting++
      const result = await orAborted(attempt.result, signal)
      attempt.waiting--
      if (signal?.aborted && attempt.waiting === 0) {
        if (current === attempt && !result.ok) current = undefined
        attempt.abort.abort()
      }
      return result
    },
    begun: () => current !== undefined,
    forget: () => {
      if (current?.waiting === 0) current = undefined
    },
  }
}

const orAborted = <T>(result: Promise<Result<T, EngineError>>, signal: AbortSignal | undefined): Promise<Result<T, EngineError>> =>
  new Promise((resolve) => {
    const onAbort = (): void => resolve(err({ type: 'aborted' }))
    signal?.addEventListener('abort', onAbort, { once: true })
    void result.then((value) => {
      signal?.removeEventListener('abort', onAbort)
      resolve(value)
    })
  })
