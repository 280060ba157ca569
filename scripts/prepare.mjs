#!/usr/bin/env node
/**
 * Puts into public/ what the extension needs beside its bundles: onnxruntime's WebAssembly, the kernels and the embedded
 * model. Runs after every `npm install`; copies only what changed; needs no network.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const at = (...parts) => join(root, ...parts)

const copy = (from, to) => {
  if (existsSync(to) && statSync(to).size === statSync(from).size && readFileSync(from).equals(readFileSync(to))) return
  mkdirSync(dirname(to), { recursive: true })
  copyFileSync(from, to)
}

/** Nothing that an earlier version put there stays in the packages. */
const keepOnly = (folder, names) => {
  if (existsSync(folder)) for (const name of readdirSync(folder)) if (!names.includes(name)) rmSync(join(folder, name), { recursive: true })
}

// One build for both backends: WebAssembly everywhere, WebGPU where there is an adapter.
const ort = ['ort-wasm-simd-threaded.jspi.mjs', 'ort-wasm-simd-threaded.jspi.wasm']
for (const file of ort) copy(at('node_modules/onnxruntime-web/dist', file), at('public/ort', file))
keepOnly(at('public/ort'), ort)

// The int8 model only: the f32 file is for tests and mirrors.
const model = 'models/edge-net/mini'
for (const file of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model_quantized.onnx', 'LICENSE', 'README.md'])
  copy(at(model, file), at('public', model, file))

const kernels = readdirSync(at('src/kernels'))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => basename(name, '.ts'))
const asc = await import('assemblyscript/asc').catch(() => undefined)
if (!asc)
  console.log(
    'prepare: kernels are not compiled (the development dependency assemblyscript is not installed; run `npm ci` to build the extension)',
  )
else for (const kernel of kernels) await compile(asc.default ?? asc, kernel)
keepOnly(
  at('public/kernels'),
  kernels.map((kernel) => `${kernel}.wasm`),
)

/** Compiling takes a second: it is left out where source and compiler are those of the last time. */
async function compile(kernel) {
  const source = readFileSync(at('src/kernels', `${kernel}.ts`), 'utf8')
  const flags = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--use', 'abort=']
  const stamp = createHash('sha256')
    .update(JSON.stringify([JSON.parse(readFileSync(compilerPackage, 'utf8')).version, flags, source]))
    .digest('hex')
  const out = at('public/kernels', `${kernel}.wasm`)
  const stampFile = at('.cache/kernels', `${kernel}.stamp`)
  if (existsSync(out) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return
  const compiler = (await import('assemblyscript/asc')).default
  let wasm
  const { error, stderr } = await compiler.main([`${kernel}.ts`, '-o', `${kernel}.wasm`, ...flags], {
    readFile: (name) => (name === `${kernel}.ts` ? source : null),
    writeFile: (name, contents) => {
      if (name.endsWith('.wasm')) wasm = contents
    },
    listFiles: () => [],
  })
  if (error || !wasm) throw new Error(`prepare: ${kernel}.ts does not compile\n${stderr.toString()}`)
  mkdirSync(at('public/kernels'), { recursive: true })
  mkdirSync(at('.cache/kernels'), { recursive: true })
  writeFileSync(out, wasm)
  writeFileSync(stampFile, stamp)
}
