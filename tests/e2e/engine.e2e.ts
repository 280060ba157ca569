/** The engine where it will live: pages of the extension in both browsers, the Worker that ships, equal bits in both. */
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { browserKinds, expect, launch, test } from './harness/fixtures.ts'
import { chromeExtensionDir } from './harness/launch-chromium.ts'
import { firefoxExtensionDir } from './harness/launch-firefox.ts'
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
    // Two Workers ship, the other one makes stamps; the page's own build adds more.
    const assets = join(kind === 'chromium' ? chromeExtensionDir : firefoxExtensionDir, 'assets')
    const workers = readdirSync(assets).filter((name) => /^worker-.*\.js$/.test(name))
    const [worker, ...others] = workers.filter((name) => readFileSync(join(assets, name), 'utf8').includes('ort-wasm'))
    expect(others).toEqual([])

    const gpu = kind === 'chromium'
    const browser = await launch(kind, { extensionDir, args: gpu ? ['--enable-unsafe-webgpu'] : [] })
    const page = await browser.open(`${testPage}?worker=assets/${worker}${gpu ? '&gpu' : ''}`)
    await page.waitFor(reportSelector, reportMsMax)
    const report = JSON.parse(await page.text(reportSelector)) as Report
    expect(report.failed).toEqual([])
    expect(report.passed).toHaveLength(gpu ? 6 : 5)
  })
