/** The store's contract, on IndexedDB where it will live: in pages of the extension, in both browsers. */
import { storeCases } from '../contract/store-cases.ts'
import { browserKinds, expect, launch, test } from './harness/fixtures.ts'
import { type Report, reportSelector, testPage, withTestPage } from './harness/test-page.ts'

for (const kind of browserKinds)
  test(`${kind}: IndexedDB keeps the store contract`, async () => {
    const browser = await launch(kind, { extensionDir: await withTestPage(kind, 'tests/e2e/pages/store.ts') })
    const page = await browser.open(testPage)
    await page.waitFor(reportSelector)
    const report = JSON.parse(await page.text(reportSelector)) as Report
    expect(report.failed).toEqual([])
    expect(report.passed).toHaveLength(storeCases.length)
  })
