/**
 * Runs a suite of plain cases inside a real extension page: a copy of the built extension gets one more page, made of one
 * test-only module. That module leaves a `Report` in the page; what ships is not touched.
 */
import { cpSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'vite'
import { temporaryFolder } from './cleanup.ts'
import { chromeExtensionDir } from './launch-chromium.ts'
import { firefoxExtensionDir } from './launch-firefox.ts'

export interface Report {
  readonly passed: readonly string[]
  readonly failed: readonly { readonly name: string; readonly why: string }[]
}

export const testPage = 'test-page.html'
/** Where the module leaves its report: the text of this element, once it is there. */
export const reportSelector = '#report'

export const withTestPage = async (kind: 'chromium' | 'firefox', module: string): Promise<string> => {
  const { path } = temporaryFolder(`extension-${kind}`)
  cpSync(kind === 'chromium' ? chromeExtensionDir : firefoxExtensionDir, path, { recursive: true })
  await build({
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    build: {
      outDir: path,
      emptyOutDir: false,
      minify: false,
      lib: { entry: resolve(module), formats: ['es'], fileName: () => 'test-page.js' },
    },
  })
  writeFileSync(
    join(path, testPage),
    '<!doctype html><meta charset="utf-8"><title>Test page</title><script type="module" src="test-page.js"></script>',
  )
  return path
}
