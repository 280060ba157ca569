/**
 * The repository checks itself: which layer may import which, what the pure core must not touch, how large a file may grow.
 * Each failure names what to do instead.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { posix } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

// Layer: the layers that it may import. Order is bottom-up; no pure row names a row below it.
const core = ['lib', 'identity', 'tasks', 'scheduler', 'ledger', 'economy', 'contract', 'network', 'vault', 'agent']
const pure = new Set(core)
const mayImport: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  identity: ['lib'],
  tasks: ['lib'],
  scheduler: ['lib'],
  ledger: ['lib', 'identity'],
  economy: ['lib', 'identity', 'ledger', 'tasks'],
  contract: ['lib', 'identity', 'ledger', 'economy', 'tasks'],
  network: ['lib', 'identity', 'ledger', 'economy'],
  vault: ['lib', 'identity', 'ledger', 'economy', 'contract'],
  agent: core,
  messages: ['lib'],
  engine: ['lib', 'tasks', 'scheduler'],
  crypto: ['lib', 'identity', 'contract'],
  ui: ['lib', 'messages', 'tasks'],
  // A relay that judges results does workers' work again, by the same encoder.
  node: [...core, 'crypto', 'engine'],
  browser: [...core, 'crypto', 'messages'],
  // Where the shells meet: the one folder of browser/ that knows its siblings and puts them together.
  'browser/extension': [...core, 'messages', 'crypto', 'engine', 'browser'],
}
/** Layers that a layer may name in `import type` beyond those above: what crosses a port is typed by whom it speaks for. */
const mayImportTypes: Readonly<Record<string, readonly string[]>> = {
  messages: ['identity', 'ledger', 'economy', 'contract', 'vault'],
}

const pureNpm = /^(#sha256$|@noble\/|@scure\/|valibot$|hash-wasm$)/
const ambient = /\b(Date\.now|new Date\(\)|performance\.|Math\.random|setTimeout|setInterval|globalThis|crypto\.(subtle|getRandomValues))/
const linesMax = 400

const list = (dir: string): string[] =>
  existsSync(dir)
    ? readdirSync(dir, { recursive: true, encoding: 'utf8' })
        .filter((f) => /\.tsx?$/.test(f))
        .map((f) => f.replaceAll('\\', '/'))
        .sort()
    : []
const read = (file: string): string => readFileSync(file, 'utf8')

interface Import {
  readonly from: string
  readonly typeOnly: boolean
}
const importsOf = (text: string): Import[] => {
  const found: Import[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      const typeOnly = ts.isImportDeclaration(node) ? node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword : node.isTypeOnly
      if (node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) found.push({ from: node.moduleSpecifier.text, typeOnly })
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [from] = node.arguments
      if (from && ts.isStringLiteralLike(from)) found.push({ from: from.text, typeOnly: false })
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
      found.push({ from: node.argument.literal.text, typeOnly: true })
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('file.tsx', text, ts.ScriptTarget.ES2022, false, ts.ScriptKind.TSX))
  return found
}

const layerOf = (path: string): string => (path.startsWith('browser/extension/') ? 'browser/extension' : path.split('/')[0]!)
const ownFolder = (path: string): string =>
  path
    .split('/')
    .slice(0, path.startsWith('browser/') ? 2 : 1)
    .join('/')

// kernels are AssemblyScript: compiled apart, they import nothing.
const sources = list('src').filter((f) => !f.startsWith('kernels/'))
const everything = ['src', 'entrypoints', 'scripts', 'tests'].flatMap((dir) => list(dir).map((f) => `${dir}/${f}`))

test('there is something to check', () => {
  expect(sources.length).toBeGreaterThan(20)
  expect(everything.filter((f) => f.startsWith('tests/')).length).toBeGreaterThan(10)
  expect(sources.flatMap((f) => importsOf(read(`src/${f}`))).length).toBeGreaterThan(sources.length)
})

test('the reader of imports sees every form', () => {
  const text = `import type { A } from './a.ts'\nimport {\n  b,\n  c,\n} from 'b'\nimport './c.ts'\nexport * from './d.ts'\nexport type { E } from './e.ts'\nimport f, { g } from 'f'\nconst h = await import('./h.ts')\ntype I = import('./i.ts').I\nconst j = 'import from here'`
  expect(importsOf(text)).toEqual([
    { from: './a.ts', typeOnly: true },
    { from: 'b', typeOnly: false },
    { from: './c.ts', typeOnly: false },
    { from: './d.ts', typeOnly: false },
    { from: './e.ts', typeOnly: true },
    { from: 'f', typeOnly: false },
    { from: './h.ts', typeOnly: false },
    { from: './i.ts', typeOnly: true },
  ])
})

describe('layers', () => {
  test.each(sources)('src/%s keeps to its layer', (file) => {
    const text = read(`src/${file}`)
    const layer = layerOf(file)
    const allowed = mayImport[layer]
    expect(allowed, `src/${layer} is not in the table of layers`).toBeDefined()

    const imports = importsOf(text)
    const forbidden = imports
      .filter((i) => i.from.startsWith('.'))
      .map((i) => ({ ...i, target: posix.join(posix.dirname(file), i.from) }))
      .filter(({ target }) => ownFolder(target) !== ownFolder(file) && !/^\.\.\/public\/_locales\/.*\.json$/.test(target))
      .filter(
        ({ target, typeOnly }) =>
          !allowed!.includes(layerOf(target).split('/')[0]!) && !(typeOnly && mayImportTypes[layer]?.includes(layerOf(target))),
      )
    expect(
      forbidden.map((i) => i.target),
      `not for ${layer} to import: take it as an argument`,
    ).toEqual([])

    if (!pure.has(layer)) return
    const packages = imports.map((i) => i.from).filter((s) => !s.startsWith('.') && !pureNpm.test(s))
    expect(packages, 'pure code imports nothing but hashes, curves and schemas: put it behind a port').toEqual([])
    expect(
      text.split('\n').filter((line) => ambient.test(line) && !/^\s*(\/?\*|\/\/)/.test(line)),
      'take Clock, Random or the port as an argument',
    ).toEqual([])
  })

  test('only src/node needs Node', () => {
    const needsNode = (file: string) =>
      importsOf(read(`src/${file}`)).some((i) => i.from.startsWith('node:') || builtinModules.includes(i.from))
    expect(sources.filter((f) => !f.startsWith('node/') && needsNode(f))).toEqual([])
  })

  test('nothing imports an entrypoint but another one', () => {
    expect(
      everything.filter((f) => !f.startsWith('entrypoints/') && importsOf(read(f)).some((i) => /(^|\/)entrypoints\//.test(i.from))),
    ).toEqual([])
  })

  test('the service worker never imports at run time: browsers refuse it there', () => {
    const seen = new Set<string>()
    const visit = (file: string): void => {
      if (seen.has(file) || !existsSync(file)) return
      seen.add(file)
      for (const i of importsOf(read(file))) if (i.from.startsWith('.') && !i.typeOnly) visit(posix.join(posix.dirname(file), i.from))
    }
    visit('entrypoints/background.ts')
    expect([...seen].filter((f) => /\bimport\(/.test(read(f)))).toEqual([])
    expect(seen.size).toBeGreaterThan(0)
  })
})

test.each(list('tests/sim'))('tests/sim/%s simulates the pure core only', (file) => {
  const reached = importsOf(read(`tests/sim/${file}`)).map((i) => /\/src\/([^/]+)\//.exec(i.from)?.[1])
  expect(reached.filter((layer) => layer !== undefined && !pure.has(layer))).toEqual([])
})

describe('habits', () => {
  const offenders = (files: readonly string[], offence: (file: string) => RegExpMatchArray | null): string[] =>
    files.flatMap((file) => offence(file)?.map((what) => `${file}: ${what}`) ?? [])
  const others = everything.filter((f) => f !== 'tests/tidy.test.ts')

  test(`no file of src has more than ${linesMax} lines`, () => {
    expect(
      sources.filter((f) => read(`src/${f}`).split('\n').length > linesMax),
      'more than one idea: split it',
    ).toEqual([])
  })

  test('nothing is left half done', () => {
    expect(offenders(others, (f) => read(f).match(/\b(TODO|FIXME|XXX)\b/g))).toEqual([])
  })

  test('no test keeps the others from running', () => {
    expect(offenders(others, (f) => read(f).match(/\b(test|it|describe)\.only\b/g))).toEqual([])
  })

  test('the compiler is not told to look away', () => {
    expect(offenders(others, (f) => read(f).match(/@ts-(ignore|nocheck|expect-error)/g))).toEqual([])
  })

  test('no test of the core sleeps: it uses createManualClock, or waits for the event', () => {
    const core = others.filter((f) => /^tests\/(unit|contract|sim)\//.test(f) && !/^tests\/unit\/(node|relay)\//.test(f))
    expect(offenders(core, (f) => read(f).match(/\b(setTimeout|setInterval)\(|timers\/promises/g))).toEqual([])
  })

  test('names of files are kebab-case', () => {
    expect(sources.filter((f) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.d)?\.tsx?$/.test(posix.basename(f)))).toEqual([])
  })
})
