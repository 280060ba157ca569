/** A swarm made by clicking, without a relay: its founder's browser is witness and issuer, and dies in the middle of it. */
import { parseLink } from '../../src/economy/link-codec.ts'
import { currentView, viewWhere } from './harness/agent-page.ts'
import type { ExtensionBrowser } from './harness/extension-browser.ts'
import { expect, launch, test } from './harness/fixtures.ts'
import { type ChromiumExtension, launchChromium } from './harness/launch-chromium.ts'
import { byState, byTestId, type Screen } from './harness/screen.ts'
import { grantMicro, join, jobWhere, meet, type Member, settledJob, someTexts, submit } from './harness/swarm.ts'
import { startTracker } from './harness/tracker.ts'

const perText = 50_000

/** As a person does who has just installed it; the link that is shown in the end. */
const found = async (browser: ExtensionBrowser, tracker: string): Promise<string> => {
  const screen = await browser.open('onboarding.html')
  await screen.waitFor(byState('consent'))
  await screen.click(byTestId('consent-yes'))
  await screen.click(byTestId('preset-all'))
  await screen.waitFor(byState('swarm'))
  await screen.click(byTestId('way-make'))
  await screen.fill(byTestId('swarm-name-input'), 'Tuesday reading circle')
  await screen.fill(byTestId('swarm-trackers'), 'tracker.example.org')
  await screen.click(byTestId('make'))
  await screen.waitFor(`${byTestId('error')}[data-error="founding"]`)
  await screen.fill(byTestId('swarm-trackers'), tracker)
  await screen.fill(byTestId('swarm-uses'), '5')
  await screen.click(byTestId('make'))
  await screen.waitFor(byTestId('invite-link'))
  const link = await screen.evaluate<string>(`document.querySelector('${byTestId('invite-link')}').value`)
  await screen.click(byTestId('made-go'))
  await screen.waitFor(byState('phrase'))
  await screen.close()
  return link
}
const usesLeft = (dashboard: Screen, left: number): Promise<void> => dashboard.waitFor(`${byTestId('invite-uses')}[data-left="${left}"]`)

test('a founder and three friends, met by a tracker: grants, a job, payment; the founder’s browser is killed, and all is certified when it is back', async () => {
  test.setTimeout(400_000)
  const tracker = await startTracker()
  const founderBrowser = await launchChromium()
  const link = await found(founderBrowser, tracker.url)
  expect(parseLink(link)).toMatchObject({ ok: true, value: { relays: [], trackers: [tracker.url] } })
  const dashboard = await founderBrowser.openDashboard()
  const serving = `view.founder?.state === 'serving' && view.credits.earnedMicro === ${grantMicro}`
  const { self } = await viewWhere(dashboard, serving)
  const founder: Member<ChromiumExtension> = { browser: founderBrowser, dashboard, id: self }

  const members = await Promise.all([0, 1, 2].map(async () => join(await launchChromium(), link)))
  await meet([founder, ...members])
  await usesLeft(dashboard, 2)
  const [requester, ...workers] = members as [Member<ChromiumExtension>, ...Member<ChromiumExtension>[]]

  const first = await settledJob(requester, await submit(requester, someTexts(6), 1))
  expect(first).toMatchObject({ state: 'done', costMicro: 6 * perText })
  await viewWhere(requester.dashboard, `view.credits.spentMicro === ${6 * perText}`)
  // Killed while it gives out copies of what it certified, it would wait for who has them: all is certified by now.
  const earnedBeside = async (founderPage: Screen): Promise<number> => {
    const views = await Promise.all([founderPage, ...workers.map((worker) => worker.dashboard)].map(currentView))
    return views.reduce((sum, view) => sum + view.credits.earnedMicro - grantMicro, 0)
  }
  await expect.poll(() => earnedBeside(dashboard), { timeout: 60_000 }).toBe(6 * perText)

  await founderBrowser.killHard()
  await Promise.all(members.map((member) => viewWhere(member.dashboard, 'view.founderAway')))
  await requester.dashboard.waitFor(byTestId('founder-away'))
  const second = await submit(requester, someTexts(9), 1)
  const done = await jobWhere(requester, second, `job.state === 'done'`)
  expect(done.costMicro).toBe(9 * perText)
  await viewWhere(requester.dashboard, `view.credits.spentMicro === ${6 * perText}`)

  const again = await launchChromium({ profileDir: founderBrowser.profileDir })
  const back = await again.openDashboard()
  await viewWhere(back, `view.founder?.state === 'serving'`)
  await viewWhere(requester.dashboard, `!view.founderAway && view.credits.spentMicro === ${15 * perText} && view.credits.owedMicro === 0`)
  // Whoever worked, the founder among them, has claimed what it was paid.
  await expect.poll(() => earnedBeside(back), { timeout: 60_000 }).toBe(15 * perText)
  await usesLeft(back, 2)

  // Another link, made after the return, lets one more in.
  await back.fill(byTestId('invite-uses-input'), '1')
  await back.click(byTestId('invite-new'))
  await back.waitFor(`${byTestId('invite')}:nth-child(2)`)
  const more = await back.evaluate<string>(`document.querySelectorAll('${byTestId('invite-link')}')[1].value`)
  await join(await launchChromium(), more)
})

test('a founder in Firefox gives a Chromium member its grant, works for it, and is paid', async () => {
  const tracker = await startTracker()
  const browser = await launch('firefox')
  const link = await found(browser, tracker.url)
  const dashboard = await browser.openDashboard()
  await viewWhere(dashboard, `view.founder?.state === 'serving' && view.credits.earnedMicro === ${grantMicro}`)
  const member = await join(await launchChromium(), link)
  await usesLeft(dashboard, 4)
  await settledJob(member, await submit(member, someTexts(4), 1))
  await viewWhere(dashboard, `view.credits.earnedMicro === ${grantMicro + 4 * perText} && view.credits.pendingMicro === 0`)
})

test('a founder closes a member’s account by clicking: the member sees that and why; with another’s digits typed nothing is closed', async () => {
  const tracker = await startTracker()
  const browser = await launchChromium()
  const link = await found(browser, tracker.url)
  const dashboard = await browser.openDashboard()
  await viewWhere(dashboard, `view.founder?.state === 'serving'`)
  const [member, other] = await Promise.all([0, 1].map(async () => join(await launchChromium(), link)))
  await dashboard.click(byTestId('members-open'))
  const account = `[data-account="${member!.id}"]`
  await dashboard.waitFor(account)
  await dashboard.click(`${account} ${byTestId('account-close')}`)
  await dashboard.click(byTestId('close-Malicious'))
  await dashboard.fill(byTestId('close-typed'), other!.id.slice(0, 8))
  expect(await dashboard.has(`${byTestId('account-close-yes')}:disabled`)).toBe(true)
  await dashboard.fill(byTestId('close-typed'), member!.id.slice(0, 8))
  await dashboard.click(byTestId('account-close-yes'))
  await dashboard.waitFor(`${account} ${byTestId('closing')}[data-closed="true"]`)
  const trouble = `${byTestId('trouble')}[data-trouble="closed"][data-for="Malicious"]`
  await member!.dashboard.waitFor(trouble)
  const popup = await member!.browser.open('popup.html')
  await popup.waitFor(trouble)
  expect((await currentView(other!.dashboard)).trouble).toBeNull()

  // Its payments are certified no more; the other's are.
  await expect(submit(member!, someTexts(2), 1)).rejects.toThrow()
  await settledJob(other!, await submit(other!, someTexts(2), 1))
})
