/** Where model files are kept between starts, piece by piece, so that a download goes on where it stopped. Keys: `{sha256}/{piece}`. */
import type { Bytes } from '../lib/bytes.ts'

export interface ModelCache {
  readonly get: (key: string) => Promise<Bytes | undefined>
  /** False: not kept (no room, or storage is off). The file is used all the same, and fetched again after the next start. */
  readonly put: (key: string, bytes: Bytes) => Promise<boolean>
  readonly remove: (keys: readonly string[]) => Promise<void>
}

export const createMemoryModelCache = (): ModelCache & { readonly keys: () => readonly string[] } => {
  const kept = new Map<string, Bytes>()
  return {
    get: async (key) => kept.get(key),
    put: async (key, bytes) => {
      kept.set(key, bytes.slice())
      return true
    },
    remove: async (keys) => keys.forEach((key) => kept.delete(key)),
    keys: () => [...kept.keys()],
  }
}
