/**
 * Model files from mirrors, checked against their SHA-256 before anyone sees them, whatever served them.
 *
 * A file is fetched once and kept piece by piece: a download that stopped goes on with a Range request, at another mirror too.
 * Bytes of a wrong hash are dropped and the next mirror is asked.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { type Bytes, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { EngineError } from '../tasks/engine.ts'
import type { ModelCard, ModelFile } from '../tasks/model-card.ts'
import type { ModelCache } from './model-cache.ts'

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export interface Source {
  readonly url: string
  /** False: it lies on this machine anyway. */
  readonly keep: boolean
}

export interface ModelStore {
  /** Tries `sources` in their order. `onProgress` is told how many bytes of the file are here. */
  readonly load: (
    card: ModelCard,
    file: ModelFile,
    sources: readonly Source[],
    signal?: AbortSignal,
    onProgress?: (bytes: number) => void,
  ) => Promise<Result<Bytes, EngineError>>
  /** Whether all of it is kept, as far as can be told without reading it. */
  readonly has: (file: ModelFile) => Promise<boolean>
}

const pieceBytes = 1 << 20
/** A card that says more is not a model of ours. */
const fileBytesMax = 1 << 30
/** A mirror that sends nothing for this long is given up. */
const stallMsMax = 20_000
/** How often one mirror may break off and be asked to go on. */
const resumesMax = 5

export const createModelStore = (deps: { readonly cache: ModelCache; readonly fetch: Fetch; readonly clock: Clock }): ModelStore => {
  const { cache, clock } = deps
  const piecesOf = (file: ModelFile): readonly string[] =>
    Array.from({ length: Math.ceil(file.bytes / pieceBytes) }, (_, i) => `${file.sha256}/${i}`)

  /** Answers with why it stopped; undefined: the stream ended. */
  const fetchInto = async (assembly: Assembly, source: Source, signal: AbortSignal | undefined): Promise<string | undefined> => {
    const stop = new AbortController()
    const onAbort = (): void => stop.abort()
    signal?.addEventListener('abort', onAbort, { once: true })
    let stalled = false
    const watch = (): (() => void) =>
      clock.after(stallMsMax, () => {
        stalled = true
        stop.abort()
      })
    let unwatch = watch()
    try {
      const from = assembly.received()
      const headers: Record<string, string> = from > 0 ? { Range: `bytes=${from}-` } : {}
      const response = await deps.fetch(source.url, {
        headers,
        signal: stop.signal,
        credentials: 'omit',
        cache: 'no-store',
        referrerPolicy: 'no-referrer',
      })
      // The range was refused or not understood: from the start then.
      if (response.status === 200) assembly.restart()
      else if (response.status !== 206) return `HTTP ${response.status}`
      else if (!isRange(response.headers.get('content-range'), from)) return 'not the range that was asked for'
      if (!response.body) return 'empty'
      const reader = response.body.getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return undefined
        unwatch()
        unwatch = watch()
        if (!(await assembly.add(value, source.keep))) {
          stop.abort()
          return 'longer than the card says'
        }
      }
    } catch (error) {
      return stalled ? `nothing for ${stallMsMax / 1000} s` : error instanceof Error ? error.message : String(error)
    } finally {
      unwatch()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  const load: ModelStore['load'] = async (card, file, sources, signal, onProgress) => {
    if (file.bytes < 1 || file.bytes > fileBytesMax)
      return err({ type: 'failed', message: `${file.path}: a card with ${file.bytes} bytes` })
    const keys = piecesOf(file)
    const tried: { url: string; why: string }[] = []
    let wrong: EngineError | undefined
    const assembly = createAssembly(file, keys, cache, onProgress)

    await assembly.fill()
    if (assembly.complete()) {
      if (assembly.hash() === file.sha256) return ok(assembly.bytes())
      await assembly.drop()
    }
    for (const source of sources) {
      for (let resumes = 0; resumes <= resumesMax; resumes++) {
        const before = assembly.received()
        const why = await fetchInto(assembly, source, signal)
        if (signal?.aborted) return err({ type: 'aborted' })
        if (assembly.complete() && why === undefined) {
          const actual = assembly.hash()
          if (actual === file.sha256) return ok(assembly.bytes())
          await assembly.drop()
          // What was here before may have been the wrong part: the same mirror once more, from the start.
          if (before > 0) continue
          wrong = { type: 'wrong-hash', file: `${card.repo}/${file.path}`, expected: file.sha256, actual }
          tried.push({ url: source.url, why: 'wrong hash' })
          break
        }
        if (why === 'longer than the card says') await assembly.drop()
        if (assembly.received() > before && resumes < resumesMax) continue
        tried.push({ url: source.url, why: why ?? `ended after ${assembly.received()} of ${file.bytes} bytes` })
        break
      }
    }
    return err(wrong ?? { type: 'model-unreachable', model: card.name, tried })
  }

  return {
    load,
    has: async (file) => {
      for (const key of piecesOf(file)) if ((await cache.get(key)) === undefined) return false
      return true
    },
  }
}

/** Other origins hide the header unless they expose it: then it is believed, and the hash tells. */
const isRange = (contentRange: string | null, from: number): boolean => contentRange === null || contentRange.startsWith(`bytes ${from}-`)

/** A file on its way: bytes in order, hashed as they come, whole pieces kept. */
interface Assembly {
  readonly received: () => number
  readonly complete: () => boolean
  /** Takes the pieces that are kept. */
  readonly fill: () => Promise<void>
  /** False: more bytes than the file has. */
  readonly add: (bytes: Uint8Array, keep: boolean) => Promise<boolean>
  readonly restart: () => void
  readonly drop: () => Promise<void>
  readonly hash: () => string
  readonly bytes: () => Bytes
}

const createAssembly = (file: ModelFile, keys: readonly string[], cache: ModelCache, onProgress?: (bytes: number) => void): Assembly => {
  const buffer: Bytes = new Uint8Array(file.bytes)
  let hasher = sha256.create()
  let received = 0
  let kept = 0
  const append = (bytes: Uint8Array): void => {
    buffer.set(bytes, received)
    hasher.update(bytes)
    received += bytes.length
    onProgress?.(received)
  }
  const restart = (): void => {
    hasher = sha256.create()
    received = 0
    kept = 0
  }
  return {
    received: () => received,
    complete: () => received === file.bytes,
    fill: async () => {
      for (const key of keys) {
        const piece = await cache.get(key)
        if (piece?.length !== Math.min(pieceBytes, file.bytes - received)) return
        append(piece)
        kept++
      }
    },
    add: async (bytes, keep) => {
      if (received + bytes.length > file.bytes) return false
      append(bytes)
      while (keep && kept < keys.length && received >= Math.min(file.bytes, (kept + 1) * pieceBytes)) {
        await cache.put(keys[kept]!, buffer.slice(kept * pieceBytes, Math.min(file.bytes, (kept + 1) * pieceBytes)))
        kept++
      }
      return true
    },
    restart,
    drop: async () => {
      restart()
      await cache.remove(keys)
    },
    hash: () => toHex(hasher.clone().digest()),
    bytes: () => buffer,
  }
}
