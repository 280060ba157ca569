/** The engine's dependencies where a browser runs it: offscreen document, background page, or any page of the extension. */
import type { Clock } from '../lib/clock.ts'
import { createBrowserModelCache } from './browser-cache.ts'
import type { EngineDeps } from './create-engine.ts'
import { spawnWorker } from './spawn-worker.ts'

/** `assetsBase`: the extension's own URL, ending in a slash. */
export const browserEngineDeps = (assetsBase: string, clock: Clock, hubUrl: () => string): EngineDeps => ({
  spawn: () => spawnWorker(assetsBase),
  assetsBase,
  cache: createBrowserModelCache(),
  fetch: (url, init) => fetch(url, init),
  clock,
  cores: navigator.hardwareConcurrency,
  hubUrl,
  gpu: 'faster',
})
