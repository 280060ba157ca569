/** One's own credits, by clicking: into the deposit and out again; and from a computer that is lost on to another one. */
import { rmSync } from 'node:fs'
import { command, viewWhere } from './harness/agent-page.ts'
import { expect, launch, test } from './harness/fixtures.ts'
import { launchChromium } from './harness/launch-chromium.ts'
import { startRelayOf } from './harness/relay.ts'
import { byTestId, type Screen } from './harness/screen.ts'
import { grantMicro, join } from './harness/swarm.ts'

const credit = 1_000_000
/** A day would be long to wait. */
const unlockS = 4
const available = (dashboard: Screen, micro: number): Promise<void> =>
  dashboard.waitFor(`${byTestId('credits-available')}[data-micro="${micro}"]`)
const deposited = (dashboard: Screen, micro: number): Promise<void> =>
  dashboard.waitFor(`${byTestId('deposit')}[data-micro="${micro}"][data-waiting=""]`)
const shot = (screen: Screen, name: string): Promise<void> => screen.screenshot(test.info().outputPath(`${name}.png`))

test('credits are put into the deposit, taken out, seen on their way, and free again', async () => {
  const relay = await startRelayOf(['--stake', '100', '--unlock', String(unlockS)])
  const { dashboard } = await join(await launch('chromium'), relay.link)
  await dashboard.click(byTestId('deposit-open'))
  await dashboard.fill(byTestId('deposit-amount'), '600')
  await dashboard.click(byTestId('deposit-in'))
  await dashboard.waitFor(`${byTestId('deposit')} ${byTestId('error')}`)
  expect(await dashboard.text(`${byTestId('deposit')} ${byTestId('error')}`)).toContain('500')
  await dashboard.fill(byTestId('deposit-amount'), '37.5')
  await dashboard.click(byTestId('deposit-in'))
  await deposited(dashboard, 37.5 * credit)
  expect(await dashboard.text(byTestId('deposit'))).toContain('37.50 of 100 credits')
  await available(dashboard, grantMicro - 37.5 * credit)
  await shot(dashboard, 'deposit')

  await dashboard.fill(byTestId('deposit-amount'), '20')
  await dashboard.click(byTestId('deposit-out'))
  const onTheWay = `${byTestId('deposit-unlocking')}[data-micro="${20 * credit}"]`
  await dashboard.waitFor(onTheWay)
  expect(await dashboard.text(onTheWay)).toBe('20 taken out, free to spend in 1 min.')
  await shot(dashboard, 'unlocking')
  await deposited(dashboard, 17.5 * credit)
  // Certified as out of the deposit, and still not to be spent.
  await available(dashboard, grantMicro - 37.5 * credit)
  await available(dashboard, grantMicro - 17.5 * credit)
  expect(await dashboard.has(byTestId('deposit-unlocking'))).toBe(false)
})

test('a profile is lost with all its credits; the recovery phrase brings them to another one', async () => {
  const relay = await startRelayOf(['--unlock', String(unlockS)])
  const first = await launchChromium()
  const { dashboard: before, id: lost } = await join(first, relay.link)
  const words = await first.open('onboarding.html')
  await words.click(byTestId('phrase-show'))
  await words.waitFor(byTestId('words'))
  const phrase = await words.evaluate<string>(
    `[...document.querySelectorAll('${byTestId('words')} li')].map((li) => li.lastChild.textContent.trim()).join(' ')`,
  )
  await command(before, 'deposit', { stakedMicro: 30 * credit })
  await deposited(before, 30 * credit)
  await first.killHard()
  // Its last children may still write into it.
  await expect(() => rmSync(first.profileDir, { recursive: true })).toPass()

  const second = await launch('chromium')
  await second.onboard({ link: relay.link, preset: 'gentle', phrase })
  const dashboard = await second.openDashboard()
  await viewWhere(dashboard, `view.swarm !== null && view.relays[0].state === 'open'`)
  await dashboard.click(byTestId('lost-open'))
  await dashboard.click(byTestId('lost-look'))
  const device = `[data-device="${lost}"]`
  await dashboard.waitFor(`${device}[data-state="found"]`)
  await viewWhere(dashboard, `view.lost.devices[0]?.stakedMicro === ${30 * credit}`)
  expect(await dashboard.text(device)).toMatch(/470 credits[^]*a deposit of 30/)
  await shot(dashboard, 'found')
  await dashboard.click(`${device} ${byTestId('lost-take')}`)
  await dashboard.fill(byTestId('lost-words'), phrase)
  await dashboard.click(byTestId('lost-yes'))
  await dashboard.waitFor(`${device}[data-state="unlocking"]`)
  expect(await dashboard.text(device)).toContain('470 credits have come')
  await shot(dashboard, 'unlocking')
  await dashboard.waitFor(`${device}[data-state="done"]`)
  await shot(dashboard, 'done')
  // The invite had brought its grant once already, on the computer that was lost.
  await available(dashboard, grantMicro)
})
