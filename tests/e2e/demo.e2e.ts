/** `npm run demo` as others run it: a process with options, output files and an exit status; and what it leaves behind. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DemoAccount, DemoReport } from '../../scripts/demo/report.ts'
import { decodeNpy } from '../support/npy.ts'
import { killQuietly, onCleanup, temporaryFolder } from './harness/cleanup.ts'
import { expect, test } from './harness/fixtures.ts'

const wholeMsMax = 180_000
const ownTexts = readFileSync('scripts/demo/texts.txt', 'utf8').split('\n').filter(Boolean)
const ownVectors = readFileSync('tests/vectors/demo.mini-q8.npy')
/** List price of a text of at most 128 tokens. */
const textMicro = 50_000

interface Demo {
  readonly child: ChildProcess
  /** Where it and its browsers put what is temporary. */
  readonly scratch: string
  readonly stdout: () => string
  readonly stderr: () => string
  readonly ended: Promise<number | null>
  /** Until it has said this on stderr. */
  readonly said: (text: string) => Promise<void>
}

/** In a process group of its own, as a shell gives it one. */
const startDemo = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Demo => {
  const { path } = temporaryFolder('left')
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/demo/main.ts', ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env, TMPDIR: path },
  })
  const kill = () => killQuietly(child.exitCode === null && child.signalCode === null ? child.pid : undefined, 'SIGTERM')
  onCleanup(kill, kill)
  const written = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const)
    child[name]!.on('data', (part: Buffer) => {
      written[name] += part
      for (const listener of listeners) listener()
    })
  const ended = new Promise<number | null>((done) => child.once('close', done))
  return {
    child,
    scratch: path,
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    ended,
    said: (text) =>
      new Promise((done, fail) => {
        const look = () => written.stderr.includes(text) && done()
        listeners.add(look)
        look()
        void ended.then(() => fail(new Error(`it ended without “${text}”:\n${written.stderr}`)))
      }),
  }
}

/** Profiles, relay data, Playwright's folders; and processes that run on any of them, or in its group. */
const leftBehind = ({ child, scratch }: Demo): readonly string[] => {
  const processes = execFileSync('ps', ['-e', '-o', 'pgid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(scratch) || line.trim().startsWith(`${child.pid} `))
    // Ended; only whoever is init here has not taken note.
    .filter((line) => !line.includes('<defunct>'))
  // The cache of the TypeScript loader is no trace of the demo.
  return [...readdirSync(scratch).filter((name) => !name.startsWith('tsx-')), ...processes]
}

const runDemo = async (...args: readonly string[]): Promise<{ readonly report: DemoReport; readonly out: string }> => {
  const { path: out } = temporaryFolder('demo-out')
  const demo = startDemo([...args, '--json', '--out', out])
  const code = await demo.ended
  expect(code, demo.stderr()).toBe(0)
  expect(leftBehind(demo)).toEqual([])
  return { report: JSON.parse(demo.stdout()) as DemoReport, out }
}

const vectorsOf = (out: string) => decodeNpy(readFileSync(join(out, 'vectors.npy')))
const byRole = ({ ledger }: DemoReport, role: DemoAccount['role']): readonly DemoAccount[] => ledger.accounts.filter((a) => a.role === role)
const gained = ({ before, after }: DemoAccount): number => after - before

const expectConserved = ({ ledger }: DemoReport): void => {
  const sum = (of: 'before' | 'after', inFlight: number) => ledger.accounts.reduce((total, a) => total + a[of], inFlight)
  expect([sum('before', ledger.inFlightBefore), sum('after', ledger.inFlightAfter)]).toEqual([0, 0])
  for (const { before, after } of ledger.accounts) expect([before, after].every(Number.isInteger)).toBe(true)
}

test('its own texts: vectors to the bit, hits, everybody paid what was agreed, and files as promised', async () => {
  test.setTimeout(wholeMsMax)
  const { report, out } = await runDemo()
  expect(Object.keys(report).sort()).toEqual(['agreed', 'dimension', 'failed', 'ledger', 'model', 'results', 'texts', 'timing'])
  expect(report).toMatchObject({
    model: 'mini',
    dimension: 96,
    texts: ownTexts.length,
    failed: 0,
    agreed: { '3': ownTexts.length, '2': 0 },
  })
  expect(readFileSync(join(out, 'vectors.npy')).equals(ownVectors)).toBe(true)

  const hits = report.results[0]!.hits
  expect(hits).toHaveLength(10)
  for (const hit of hits) expect([hit.text, hit.id]).toEqual([ownTexts[hit.line], String(hit.line + 1)])
  expect(hits.slice(0, 3).every((hit) => /bread/i.test(hit.text))).toBe(true)
  expect(hits.map((hit) => hit.score)).toEqual(hits.map((hit) => hit.score).sort((a, b) => b - a))

  expect(report.ledger.accounts.map((a) => a.name)).toEqual(['requester', 'worker 1', 'worker 2', 'worker 3', 'issuer'])
  expectConserved(report)
  for (const worker of byRole(report, 'worker')) {
    expect(worker).toMatchObject({ accepted: ownTexts.length, rejected: 0 })
    expect(gained(worker)).toBe(ownTexts.length * textMicro)
  }
  expect(byRole(report, 'requester').map(gained)).toEqual([-3 * ownTexts.length * textMicro])

  const file = (name: string): unknown => JSON.parse(readFileSync(join(out, name), 'utf8'))
  expect(file('results.json')).toEqual(report.results)
  expect(file('ledger.json')).toEqual(report.ledger)
  expect(file('timing.json')).toEqual(report.timing)
  const { searchMs, ...durations } = report.timing
  expect(Object.keys(durations)).toEqual(['buildMs', 'startMs', 'joinMs', 'submitToResultMs', 'totalMs'])
  expect([...Object.values(durations), ...searchMs].every(Number.isFinite)).toBe(true)
})

test('a dishonest worker: the same vectors, it alone unpaid and named; with ids, two queries and a model from a folder', async () => {
  test.setTimeout(wholeMsMax)
  const texts = join(temporaryFolder('demo-texts').path, 'texts.jsonl')
  writeFileSync(texts, ownTexts.map((text, i) => `${JSON.stringify({ id: `own-${i}`, text })}\n`).join(''))
  const queries = ['How does bread stay fresh?', 'stars and planets']
  const { report, out } = await runDemo(
    '--liar',
    '--texts',
    texts,
    '--k',
    '2',
    '--model',
    'models/edge-net/mini',
    ...queries.flatMap((q) => ['--query', q]),
  )

  expect(readFileSync(join(out, 'vectors.npy')).equals(ownVectors)).toBe(true)
  expect(report.results.map(({ query, hits }) => [query, hits.length])).toEqual(queries.map((query) => [query, 2]))
  for (const hit of report.results.flatMap(({ hits }) => hits)) expect([hit.text, hit.id]).toEqual([ownTexts[hit.line], `own-${hit.line}`])

  expect(report).toMatchObject({ failed: 0, agreed: { '3': 0, '2': ownTexts.length } })
  expectConserved(report)
  const workers = byRole(report, 'worker')
  const outvoted = workers.filter((worker) => worker.rejected > 0)
  expect(outvoted).toHaveLength(1)
  expect(outvoted[0]).toMatchObject({ accepted: 0, rejected: ownTexts.length })
  expect(outvoted.map(gained)).toEqual([0])
  for (const worker of workers.filter((w) => w.rejected === 0)) expect(gained(worker)).toBe(ownTexts.length * textMicro)
})

const { EDGE_NET_MODELS: models, EDGE_NET_CORPUS: corpus } = process.env
const reference = join(models ?? '', 'vectors/packages-2k.minilm-q8.npy')
const missing =
  models === undefined || corpus === undefined
    ? 'EDGE_NET_MODELS and EDGE_NET_CORPUS are not both set'
    : [join(models, 'Xenova/all-MiniLM-L6-v2/onnx/model_quantized.onnx'), join(corpus, 'packages-2k.jsonl'), reference]
        .filter((path) => !existsSync(path))
        .map((path) => `${path} is not there`)[0]

test('MiniLM on 100 package descriptions: the reference to the bit', async () => {
  test.skip(missing !== undefined, missing)
  test.setTimeout(wholeMsMax)
  const count = 100
  const texts = join(temporaryFolder('demo-texts').path, 'texts.jsonl')
  const lines = readFileSync(join(corpus!, 'packages-2k.jsonl'), 'utf8').split('\n').slice(0, count)
  writeFileSync(texts, `${lines.join('\n')}\n`)
  const { report, out } = await runDemo('--model', 'minilm', '--texts', texts, '--query', 'compress files')

  expect(report).toMatchObject({ model: 'minilm', dimension: 384, texts: count, failed: 0 })
  expect((report.agreed['3'] ?? 0) + (report.agreed['2'] ?? 0)).toBe(count)
  expectConserved(report)
  const { rows, columns, values } = vectorsOf(out)
  expect([rows, columns]).toEqual([count, 384])
  const expected = decodeNpy(readFileSync(reference)).values
  const differing = Array.from({ length: count }, (_, row) => row).filter((row) =>
    values.subarray(row * columns, (row + 1) * columns).some((x, i) => x !== expected[row * columns + i]),
  )
  expect(differing).toEqual([])
})

// While browsers start nothing of them is known yet; at work all of it is.
for (const moment of ['✓ extension built', '✓ four strangers'])
  test(`Ctrl-C after “${moment}”: profiles and processes are gone`, async () => {
    const demo = startDemo([])
    await demo.said(moment)
    // A terminal tells the whole group, and wrappers pass it on to who has heard it already.
    process.kill(-demo.child.pid!, 'SIGINT')
    demo.child.kill('SIGINT')
    expect(await demo.ended).toBe(130)
    expect(leftBehind(demo)).toEqual([])
    expect(demo.stdout()).toBe('')
  })

const faults: readonly (readonly [what: string, code: number, told: RegExp, args: (folder: string) => readonly string[]])[] = [
  ['an unknown option', 2, /--frob/, () => ['--frob']],
  ['texts with a blank line', 1, /texts\.txt: line 2 is blank/, (folder) => ['--texts', join(folder, 'texts.txt')]],
  ['a model that is none', 1, /neither a model of the list \(mini, minilm\) nor a folder/, (folder) => ['--model', join(folder, 'none')]],
]
for (const [what, code, told, args] of faults)
  test(`${what}: said before anything is started`, async () => {
    const { path } = temporaryFolder('demo-texts')
    writeFileSync(join(path, 'texts.txt'), 'one\n\nthree\n')
    const demo = startDemo([...args(path), '--json'])
    expect(await demo.ended).toBe(code)
    expect(demo.stderr()).toMatch(told)
    expect(demo.stdout()).toBe('')
  })
