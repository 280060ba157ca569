/**
 * `embed.texts`: texts a second of the extension's engine beside transformers.js, in the same Chromium, with all cores, each at
 * its best setting. The texts are cut in rounds; in each round both sides do the same ones, and the median round counts.
 */
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { extname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { AddressInfo } from 'node:net'
import { chromium } from 'playwright'
import { build } from 'vite'
import { chromiumArgs, findBrowsers } from '../../scripts/find-browsers.mjs'
import { mini, minilm } from '../../src/tasks/models.ts'
import type { ModelCard } from '../../src/tasks/model-card.ts'
import type { BenchPage } from './embed/page.ts'

export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly n: number
  readonly baseline?: number
  readonly ratio?: number
}

const rounds = 5
const batches = [1, 8, 32]
const calibrationTexts = 60
const built = resolve('.cache/bench/embed')
const theirOrt = 'node_modules/@huggingface/transformers/node_modules/onnxruntime-web/dist'

/** `textsMax` as in targets of record; fewer give a quick look. */
export const benchEmbed = async (textsMax = 2000): Promise<readonly Figure[]> => {
  const { card, folder } = chooseModel()
  const texts = chooseTexts().slice(0, textsMax)
  const { chromium: executablePath } = await findBrowsers(['chromium'])
  await buildPage()
  const server = await serve(card, folder)
  const browser = await chromium.launch({ executablePath, args: [...chromiumArgs] })
  try {
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    await page.waitForFunction('globalThis.bench !== undefined')
    const ours = (some: readonly string[]): Promise<number> =>
      page.evaluate(([c, t]) => (globalThis as unknown as { bench: BenchPage }).bench.ours(c, t), [card, some] as const)
    const theirs = (some: readonly string[], batch: number): Promise<number> =>
      page.evaluate(([c, t, b]) => (globalThis as unknown as { bench: BenchPage }).bench.theirs(c, t, b), [card, some, batch] as const)

    const sample = texts.slice(0, calibrationTexts)
    await ours(sample)
    await theirs(sample, 1)
    let best = { batch: 1, ms: Infinity }
    for (const batch of batches) {
      const ms = await theirs(sample, batch)
      if (ms < best.ms) best = { batch, ms }
    }
    console.error(`embed.texts: ${texts.length} texts, ${card.name}; transformers.js is fastest with ${best.batch} texts a run`)

    const rates: { readonly ours: number; readonly theirs: number }[] = []
    for (let round = 0; round < rounds; round++) {
      // Every fifth text, so that each round has short and long ones.
      const some = texts.filter((_, i) => i % rounds === round)
      const rate = async (side: () => Promise<number>): Promise<number> => (some.length / (await side())) * 1000
      // Whoever rested has to wake up first, and who begins takes turns.
      await ours(some.slice(0, 8))
      await theirs(some.slice(0, 8), best.batch)
      const first = round % 2 === 0 ? await rate(() => ours(some)) : undefined
      const their = await rate(() => theirs(some, best.batch))
      rates.push({ ours: first ?? (await rate(() => ours(some))), theirs: their })
    }
    const [value, baseline] = [median(rates.map((r) => r.ours)), median(rates.map((r) => r.theirs))]
    const ratio = median(rates.map((r) => r.ours / r.theirs))
    return [
      {
        name: 'embed.texts',
        value: round2(value),
        unit: `texts/s ${card.name}`,
        n: texts.length,
        baseline: round2(baseline),
        ratio: round2(ratio),
      },
    ]
  } finally {
    await browser.close()
    server.close()
  }
}

/** MiniLM where its files are, else the project's own model. */
const chooseModel = (): { readonly card: ModelCard; readonly folder: string } => {
  const models = process.env.EDGE_NET_MODELS
  if (models !== undefined && existsSync(join(models, minilm.repo))) return { card: minilm, folder: models }
  console.error('embed.texts: with mini, because EDGE_NET_MODELS names no folder with MiniLM')
  return { card: mini, folder: 'models' }
}

const chooseTexts = (): readonly string[] => {
  const corpus = process.env.EDGE_NET_CORPUS
  const file = corpus === undefined ? undefined : join(corpus, 'packages-2k.jsonl')
  const lines = readFileSync(file ?? 'scripts/demo/texts.txt', 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  return file === undefined ? lines : lines.map((line) => (JSON.parse(line) as { readonly text: string }).text)
}

const buildPage = async (): Promise<void> => {
  await build({
    configFile: false,
    root: 'tests/bench/embed',
    logLevel: 'error',
    publicDir: resolve('public'),
    resolve: { conditions: ['onnxruntime-web-use-extern-wasm', 'module', 'browser', 'development|production'] },
    worker: { format: 'es' },
    build: { outDir: built, emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 10_000 },
  })
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
}

/** Page and models, isolated so that threads may share memory. */
const serve = (card: ModelCard, folder: string): Promise<Server> => {
  const hub = `/hub/${card.repo}/resolve/`
  const locate = (path: string): string => {
    // Whatever the revision: transformers.js asks for some files at main.
    if (path.startsWith(hub)) return join(folder, card.repo, ...path.slice(hub.length).split('/').slice(1))
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

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
const round2 = (value: number): number => Math.round(value * 100) / 100

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  for (const figure of await benchEmbed(Number(process.argv[2] ?? 2000))) console.log(JSON.stringify(figure))
