/** One Chromium page with the extension's engine and what it is compared with, isolated so that threads may share memory. */
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, resolve } from 'node:path'
import { chromium } from 'playwright'
import { build } from 'vite'
import { chromiumArgs, findBrowsers } from '../../scripts/find-browsers.mjs'
import { mini, minilm } from '../../src/tasks/models.ts'
import type { BenchPage } from './page/page.ts'

type Call = keyof Omit<BenchPage, 'cores'>

export interface OpenPage {
  readonly call: <C extends Call>(name: C, ...args: Parameters<BenchPage[C]>) => Promise<Awaited<ReturnType<BenchPage[C]>>>
  /** Seconds of processor that the page and its Workers have used so far, by the browser's account of its processes. */
  readonly cpuSeconds: () => Promise<number>
  readonly close: () => Promise<void>
}

const built = resolve('.cache/bench/page')
const theirOrt = 'node_modules/@huggingface/transformers/node_modules/onnxruntime-web/dist'

/** Where MiniLM's files are; undefined: only mini can be measured. */
export const minilmFolder = (): string | undefined => {
  const models = process.env.EDGE_NET_MODELS
  return models !== undefined && existsSync(join(models, minilm.repo)) ? models : undefined
}

export const openPage = async (): Promise<OpenPage> => {
  const { chromium: executablePath } = await findBrowsers(['chromium'])
  await build({
    configFile: false,
    root: 'tests/bench/page',
    logLevel: 'error',
    publicDir: resolve('public'),
    resolve: { conditions: ['onnxruntime-web-use-extern-wasm', 'module', 'browser', 'development|production'] },
    worker: { format: 'es' },
    build: { outDir: built, emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 10_000 },
  })
  const server = await serve()
  const browser = await chromium.launch({ executablePath, args: [...chromiumArgs] })
  const close = async (): Promise<void> => {
    await browser.close()
    server.close()
  }
  try {
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    await page.waitForFunction('globalThis.bench !== undefined')
    const cdp = await browser.newBrowserCDPSession()
    return {
      call: (name, ...args) =>
        page.evaluate(
          ([method, given]) => (globalThis as unknown as { bench: Record<string, (...all: unknown[]) => never> }).bench[method]!(...given),
          [name, args as unknown[]] as const,
        ),
      cpuSeconds: async () => {
        const { processInfo } = await cdp.send('SystemInfo.getProcessInfo')
        return processInfo.filter(({ type }) => type === 'renderer').reduce((sum, { cpuTime }) => sum + cpuTime, 0)
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
}

const serve = (): Promise<Server> => {
  const models = [{ card: mini, folder: 'models' }, ...(minilmFolder() === undefined ? [] : [{ card: minilm, folder: minilmFolder()! }])]
  const locate = (path: string): string => {
    for (const { card, folder } of models) {
      const hub = `/hub/${card.repo}/resolve/`
      // Whatever the revision: transformers.js asks for some files at main.
      if (path.startsWith(hub)) return join(folder, card.repo, ...path.slice(hub.length).split('/').slice(1))
    }
    if (path.startsWith('/their-ort/')) return join(theirOrt, path.slice('/their-ort/'.length))
    return join(built, path === '/' ? 'index.html' : path)
  }
  const server = createServer((request, response) => {
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp')
    const file = locate(new URL(request.url ?? '/', 'http://localhost').pathname)
    if (!existsSync(file) || !statSync(file).isFile()) return void response.writeHead(404).end()
    response.writeHead(200, { 'Content-Type': types[extname(file)] ?? 'application/octet-stream', 'Content-Length': statSync(file).size })
    createReadStream(file).pipe(response)
  })
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)))
}
