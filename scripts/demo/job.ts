/** The requester's side of the demo: submits through the dashboard page as a person does, follows the work, searches. */
import type { JobView } from '../../src/messages/view.ts'
import { command, viewWhere } from '../../tests/e2e/harness/agent-page.ts'
import { byTestId, type Screen } from '../../tests/e2e/harness/screen.ts'
import type { DemoReport } from './report.ts'

const quoteMsMax = 120_000
const jobMsMax = 30 * 60_000

/** Brings the file to the form and waits for its price, in µcr. Throws in the page's own words where it may not be submitted. */
export const fillForm = async (dashboard: Screen, file: string, model: string): Promise<number> => {
  const quote = byTestId('quote')
  await dashboard.choose(byTestId('model-select'), model)
  await dashboard.upload(byTestId('texts-file'), file)
  await dashboard.waitFor(`${byTestId('job-form')} [role="alert"], ${quote}[data-state="ready"]`, quoteMsMax)
  const alert = `${byTestId('job-form')} [role="alert"]`
  if (await dashboard.has(alert)) throw new Error(`the dashboard refuses: ${(await dashboard.text(alert)).replaceAll(/\s+/g, ' ').trim()}`)
  return Number(await dashboard.attribute(`${quote} .price`, 'data-micro'))
}

const endStates: readonly string[] = ['done', 'failed', 'cancelled'] satisfies JobView['state'][]

/** Presses the button and follows the job to its end. */
export const submitAndFollow = async (dashboard: Screen, onProgress: (doneTexts: number) => void): Promise<JobView> => {
  await dashboard.click(byTestId('submit'))
  const untilMs = performance.now() + jobMsMax
  for (let seen = -1; ;) {
    const condition = `view.jobs[0] !== undefined && (view.jobs[0].doneTexts !== ${seen} || ${JSON.stringify(endStates)}.includes(view.jobs[0].state))`
    const job = (await viewWhere(dashboard, condition, Math.max(1, untilMs - performance.now()))).jobs[0]!
    if (job.state === 'done') return job
    if (endStates.includes(job.state))
      throw new Error(`the job ended ${job.state}: ${job.failure?.type ?? ''} ${job.failure?.detail ?? ''}`.trim())
    onProgress((seen = job.doneTexts))
  }
}

export const search = async (
  dashboard: Screen,
  job: string,
  query: string,
  k: number,
): Promise<{ readonly result: DemoReport['results'][number]; readonly searchMs: number }> => {
  const { hits, searchMs } = await command(dashboard, 'search', { job, query, k })
  return { result: { query, hits: hits.map(({ row, id, score, text }) => ({ id, line: row, score, text })) }, searchMs }
}
