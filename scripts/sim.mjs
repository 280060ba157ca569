/**
 * `npm run sim`: makes one program of the simulator and of what it runs, and starts it with the command's options (tests/sim/main.ts).
 * In it the modules of tests/sim/instead stand in the place of those that they wrap: they do the same, once for all nodes.
 */
import { build } from 'esbuild'
import { rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const instead = join(root, 'tests/sim/instead')
const replaced = new Map([
  [join(root, 'src/ledger/entry.ts'), join(instead, 'entry.ts')],
])
const program = join(root, `.cache/sim/${process.pid}.mjs`)

await build({
  entryPoints: [join(root, 'tests/sim/main.ts')],
  outfile: program,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  sourcemap: 'inline',
  logLevel: 'error',
  // What CommonJS packages among the dependencies call.
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  plugins: [
    {
      name: 'instead',
      setup: (bundle) =>
        bundle.onResolve({ filter: /\.ts$/ }, ({ path, resolveDir }) => {
          const found = replaced.get(resolve(resolveDir, path))
          return found && resolveDir !== instead ? { path: found } : undefined
        }),
    },
  ],
})
process.on('exit', () => rmSync(program))
process.setSourceMapsEnabled(true)
await import(pathToFileURL(program))
