/** In the page: runs cases one after another and leaves what became of them where the test looks for it. */
import type { Report } from '../harness/test-page.ts'

export const runCases = async (cases: readonly { readonly name: string; readonly run: () => Promise<void> }[]): Promise<void> => {
  const passed: string[] = []
  const failed: { name: string; why: string }[] = []
  for (const { name, run } of cases)
    try {
      await run()
      passed.push(name)
    } catch (error) {
      failed.push({ name, why: error instanceof Error ? error.message : String(error) })
    }
  const report: Report = { passed, failed }
  const element = document.createElement('pre')
  element.id = 'report'
  element.textContent = JSON.stringify(report)
  document.body.append(element)
}
