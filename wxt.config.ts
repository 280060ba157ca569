/**
 * One source, two extensions: Chrome MV3 (service worker, offscreen document agent.html) and Firefox MV2 (agent.html is the
 * persistent background page). `--mode liar` builds the dishonest worker that the demo and tests hire; nothing of it is
 * reachable in any other mode.
 */
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import react from '@vitejs/plugin-react'
import type { Plugin } from 'vite'
import { defineConfig } from 'wxt'

/** Public half of a throw-away RSA key: it fixes the id of unpacked and packed Chrome builds; nothing is signed with it. */
const chromeKey =
  'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxBpN03YSxeCZqmpmea6AXfJ63+c8vAClFhqKrfQdtiie+47+sZUT/TMBfpZxOJq9M7RWi5Kk1h5dbfgsh3ESx6cKvEM/wZaJSzk0HcDLPslL8S7UFvuaBiKb+l/AK6wbNcm4q7JH6J8nY5mTey4lgwExSm6HEVPO4a1QT3arvEB30UwQeZWFRU7D6QOcEoBRREdqtjRms5iAEiTQZ51bdfX3EKds0vtPAQerA20Kq8Y4Sbr40XFUqqk1B6wpLCT08Hzg39pKy5Sji2bWzQOWu5TIY4gsLQzjB7EFkFYKsF84tteNPX8c+/qLUXY1SOQWJGmRpQNRwIONHhY4x1mcjwIDAQAB'
const geckoId = '{53f0492f-60c9-4789-a0cb-5a8ab065611f}'

/** WebAssembly compiles, nothing else is evaluated; plain-text connections reach this computer only. */
const csp = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "object-src 'none'",
  "img-src 'self' data:",
  "connect-src 'self' https: wss: http://127.0.0.1:* ws://127.0.0.1:* http://localhost:* ws://localhost:*",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

const notices = readFileSync('THIRD-PARTY-NOTICES', 'utf8')

/** Fails the build when it bundles a package whose licence the packages would not carry. */
const noticesComplete = (): Plugin => ({
  name: 'edge-net:notices-complete',
  generateBundle(_options, bundle) {
    const modules = Object.values(bundle).flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []))
    const packages = modules.flatMap((id) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1] ?? [])
    const missing = [...new Set(packages)].filter((name) => !buildTools.has(name) && !notices.includes(`\n## ${name} `))
    if (missing.length > 0) this.error(`not in THIRD-PARTY-NOTICES (node scripts/notices.mjs): ${missing.join(', ')}`)
  },
})
/** Their few bundled lines are glue of the build itself (module preload, `defineBackground`). */
const buildTools = new Set(['vite', 'wxt', '@wxt-dev/browser', 'rolldown'])

const engineFactory = resolve('src/engine/create-engine.ts')
const dishonestFactory = resolve('tests/support/liar/create-engine.ts')

/** Whoever asks for the engine's factory gets the dishonest one, which alone may ask for the real one. */
const liar = (): Plugin => ({
  name: 'edge-net:liar',
  enforce: 'pre',
  async resolveId(source, importer) {
    if (importer === dishonestFactory || !source.endsWith('/create-engine.ts')) return null
    const found = await this.resolve(source, importer, { skipSelf: true })
    return found?.id === engineFactory ? dishonestFactory : null
  },
})

const chromeManifest = {
  key: chromeKey,
  // The first with Ed25519 keys that cannot be exported.
  minimum_chrome_version: '137',
  permissions: ['alarms', 'offscreen', 'storage', 'unlimitedStorage'],
  content_security_policy: { extension_pages: csp },
  cross_origin_embedder_policy: { value: 'require-corp' },
  cross_origin_opener_policy: { value: 'same-origin' },
  message_serialization: 'structured_clone',
}

const firefoxManifest = {
  permissions: ['unlimitedStorage'],
  content_security_policy: csp,
  browser_specific_settings: {
    gecko: {
      id: geckoId,
      // The first long-lived release with JSPI, which onnxruntime's one build for both browsers needs.
      strict_min_version: '153.0',
      // Peers see a lasting public key and the network address; texts that the user submits may be anything, letters too.
      data_collection_permissions: { required: ['personallyIdentifyingInfo', 'personalCommunications'] },
    },
  },
}

export default defineConfig({
  imports: false,
  manifest: ({ browser }) => ({
    name: '__MSG_extName__',
    description: '__MSG_extDescription__',
    default_locale: 'en',
    incognito: 'not_allowed',
    ...(browser === 'firefox' ? firefoxManifest : chromeManifest),
  }),
  vite: ({ command, mode }) => {
    // WXT sets it to the mode, and React would then ship its development build in every mode of ours.
    if (command === 'build') process.env.NODE_ENV = 'production'
    return {
      plugins: [react(), noticesComplete(), ...(mode === 'liar' ? [liar()] : [])],
      resolve: {
        // Without the first, the bundler emits onnxruntime's wasm a second time beside public/ort.
        conditions: ['onnxruntime-web-use-extern-wasm', 'module', 'browser', 'development|production'],
        // Its own bundle: the sources want Node's globals.
        alias: [{ find: /^simple-peer$/, replacement: 'simple-peer/simplepeer.min.js' }],
      },
      worker: { format: 'es', plugins: () => [noticesComplete()] },
      build: { target: 'es2022' },
    }
  },
  zip: {
    name: 'edge-net',
    // What a reviewer needs to build the same packages again; `npm ci` makes the rest.
    excludeSources: ['out/**', 'test-results/**', 'public/ort/**', 'public/kernels/**', 'public/models/**', '**/*.log'],
  },
  hooks: {
    'build:before': () => {
      const missing = ['public/ort', 'public/kernels', 'public/models'].filter((folder) => !existsSync(folder))
      if (missing.length > 0) throw new Error(`not there, and no task would run without: ${missing.join(', ')}; run node scripts/prepare.mjs`)
    },
    'config:resolved': (wxt) => {
      // Firefox's build skips the service worker, and with it WXT would leave it out of the sources.
      wxt.config.zip.zipSources = wxt.config.browser === 'chrome'
    },
    'build:manifestGenerated': (wxt, manifest) => {
      // WXT makes an MV2 background one inlined script; as a page it stays modules and Workers in files of their own.
      if (wxt.config.browser === 'firefox') manifest.background = { page: 'agent.html', persistent: true }
    },
    'build:publicAssets': (_wxt, files) => {
      for (const file of ['LICENSE', 'THIRD-PARTY-NOTICES']) files.push({ absoluteSrc: resolve(file), relativeDest: file })
    },
  },
})
