/** The engine where it will live: pages of the extension in both browsers, the Worker that ships, equal bits in both. */
import { copyFileSync, cpSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { browserKinds, expect, launch, test } from './harness/fixtures.ts'
import { type Report, reportSelector, testPage, withTestPage } from './harness/test-page.ts'

/** WebGPU without a GPU compiles its shaders for many seconds. */
const reportMsMax = 180_000

for (const kind of browserKinds)
  test(`${kind}: the engine gives the reference bits`, async () => {
    test.setTimeout(reportMsMax + 60_000)
    const extensionDir = await withTestPage(kind, 'tests/e2e/pages/engine.ts')
    const vectors = join(extensionDir, 'vectors')
    mkdirSync(vectors)
    for (const file of ['demo.mini-q8.npy', 'demo.mini-f32.npy']) copyFileSync(join('tests/vectors', file), join(vectors, file))
    copyFileSync('scripts/demo/texts.txt', join(vectors, 'texts.txt'))
    // A mirror in the layout of the hub.
    cpSync('models/edge-net/mini', join(extensionDir, 'mirror/edge-net/mini/resolve/main'), { recursive: true })
    const worker = readdirSync(join(extensionDir, 'assets')).find((name) => /^worker-.*\.js$/.test(name))

    const gpu = kind === 'chromium'
    const browser = await launch(kind, { extensionDir, args: gpu ? ['--enable-unsafe-webgpu'] : [] })
    const page = await browser.open(`${testPage}?worker=assets/${worker}${gpu ? '&gpu' : ''}`)
    await page.waitFor(reportSelector, reportMsMax)
    const report = JSON.parse(await page.text(reportSelector)) as Report
    expect(report.failed).toEqual([])
    expect(report.passed).toHaveLength(gpu ? 6 : 5)
  })
