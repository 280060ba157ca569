/** `ModelCache` on the browser's Cache API. Its keys are URLs; these are never fetched. */
import type { ModelCache } from './model-cache.ts'

const cacheName = 'edge-net/models/1'
const urlOf = (key: string): string => `https://models.invalid/${key}`

export const createBrowserModelCache = (): ModelCache => {
  const withCache = async <T>(use: (cache: Cache) => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await use(await caches.open(cacheName))
    } catch {
      // Storage is off or full: models then live as long as this page.
      return otherwise
    }
  }
  return {
    get: (key) => withCache(async (cache) => (await cache.match(urlOf(key)))?.bytes(), undefined),
    put: (key, bytes) =>
      withCache(async (cache) => {
        await cache.put(urlOf(key), new Response(bytes))
        return true
      }, false),
    remove: (keys) =>
      withCache(async (cache) => {
        for (const key of keys) await cache.delete(urlOf(key))
      }, undefined),
  }
}
