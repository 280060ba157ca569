/** The link's contract over real data channels, in pages of the extension, in both browsers. */
import { linkCases } from '../contract/link.ts'
import { browserKinds, expect, launch, test } from './harness/fixtures.ts'
import { type Report, reportSelector, testPage, withTestPage } from './harness/test-page.ts'

for (const kind of browserKinds)
  test(`${kind}: data channels keep the link contract`, async () => {
    const browser = await launch(kind, { extensionDir: await withTestPage(kind, 'tests/e2e/pages/link.ts') })
    const page = await browser.open(testPage)
    await page.waitFor(reportSelector)
    const report = JSON.parse(await page.text(reportSelector)) as Report
    expect(report.failed).toEqual([])
    // And those of the adapter itself.
    expect(report.passed.length).toBeGreaterThan(linkCases.length)
  })
