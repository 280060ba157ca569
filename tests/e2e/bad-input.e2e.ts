/** What people give that cannot work, through the real pages: the message is clear, nothing is lost and nothing is charged. */
import { writeFileSync } from 'node:fs'
import { formatLink, parseLink } from '../../src/economy/link-codec.ts'
import { command, currentView, viewWhere } from './harness/agent-page.ts'
import { temporaryFolder } from './harness/cleanup.ts'
import { expect, launch, test } from './harness/fixtures.ts'
import { mirroredCard, startModelMirror } from './harness/model-mirror.ts'
import { startRelay } from './harness/relay.ts'
import { byState, byTestId, type Screen } from './harness/screen.ts'
import { grantMicro, join } from './harness/swarm.ts'

/** The text of an error of this type, once it is shown. */
const errorText = async (screen: Screen, type: string): Promise<string> => {
  const shown = `${byTestId('error')}[data-error="${type}"]`
  await screen.waitFor(shown)
  return screen.text(shown)
}
const shot = (screen: Screen, name: string): Promise<void> => screen.screenshot(test.info().outputPath(`${name}.png`))

test('texts that cannot be read are refused with the line, and a mended file is taken', async () => {
  const browser = await launch('chromium')
  await browser.onboard({ preset: 'gentle' })
  const dashboard = await browser.openDashboard()
  await dashboard.waitFor(byTestId('job-form'))
  const { path } = temporaryFolder('texts')
  const give = async (name: string, content: string | Uint8Array): Promise<void> => {
    const file = `${path}/${name}`
    writeFileSync(file, content)
    await dashboard.upload(byTestId('texts-file'), file)
  }
  await give('empty.txt', '')
  expect(await errorText(dashboard, 'empty')).toBe('There is no text in it.')
  await give('long.txt', `short\n${'x'.repeat(10_000_000)}\n`)
  expect(await errorText(dashboard, 'line-too-long')).toMatch(/longer than 1 MB[^]*Line 2/)
  await give('latin1.txt', Buffer.from('good\nna\xefve\n', 'latin1'))
  expect(await errorText(dashboard, 'not-utf8')).toMatch(/UTF-8[^]*Line 2/)
  await shot(dashboard, 'not-utf8')
  expect(await dashboard.has(`${byTestId('submit')}:disabled`)).toBe(true)

  await give('good.txt', 'good\nnaïve\n')
  await dashboard.waitFor(`${byTestId('submit')}:enabled`)
  expect(await dashboard.has(byTestId('error'))).toBe(false)

  const submission = { texts: ['a'], ids: ['1'], model: 'never-heard-of', redundancy: 1, title: 't' } as const
  for (const where of ['network', 'local'] as const) await expect(command(dashboard, 'submit', { ...submission, where })).rejects.toThrow('unknown-model')
  expect((await currentView(dashboard)).jobs).toEqual([])
})

test('a damaged link is told from a good one; a relay that is away is waited for; more than one has is not spent', async () => {
  const relay = await startRelay()
  await relay.stop()
  const browser = await launch('chromium')
  const page = await browser.open('onboarding.html')
  await page.click(byTestId('consent-yes'))
  await page.click(byTestId('preset-gentle'))
  await page.waitFor(byState('swarm'))
  const tryLink = async (link: string): Promise<void> => {
    await page.fill(byTestId('link-input'), link)
    await page.click(byTestId('join'))
  }
  await tryLink(relay.link.slice(0, -5))
  expect(await errorText(page, 'link')).toContain('damaged or incomplete')
  await shot(page, 'damaged-link')
  await tryLink('https://example.org/invite')
  expect(await errorText(page, 'link')).toContain('not an invite link')
  // Still here, and the link is good now; only that nobody answers at its address.
  await page.waitFor(byState('swarm'))
  await tryLink(relay.link)
  await page.waitFor(byState('phrase'))

  const popup = await browser.openPopup()
  await popup.waitFor('[data-reason="relay-unreachable"]')
  expect(await popup.text(byTestId('reason'))).toBe('The swarm’s relay cannot be reached. It is tried again by itself.')
  await shot(popup, 'relay-unreachable')
  const dashboard = await browser.openDashboard()
  await dashboard.waitFor(byTestId('notice'))
  expect(await dashboard.text(byTestId('notice'))).toMatch(/relay cannot be reached[^]*no connection/)
  await relay.restart()
  await viewWhere(dashboard, `view.credits.availableMicro === ${grantMicro}`)
  await popup.waitFor('[data-reason="no-peers"]')

  // 3 400 texts three times over are 510 credits.
  const texts = Array.from({ length: 3_400 }, (_, i) => `Text number ${i}.`)
  const { path } = temporaryFolder('texts')
  writeFileSync(`${path}/many.txt`, texts.join('\n'))
  await dashboard.upload(byTestId('texts-file'), `${path}/many.txt`)
  expect(await errorText(dashboard, 'insufficient-credits')).toContain('more than you have')
  expect(await dashboard.text(byTestId('quote'))).toMatch(/At most 510[^]*You have 500/)
  expect(await dashboard.has(`${byTestId('submit')}:disabled`)).toBe(true)
  await shot(dashboard, 'insufficient-credits')
  const tooDear = command(dashboard, 'submit', { texts, ids: texts, model: 'mini', redundancy: 3, title: 't', where: 'network' })
  await expect(tooDear).rejects.toThrow(/insufficient-credits.*510000000.*500000000/)
  expect(await currentView(dashboard)).toMatchObject({ jobs: [], credits: { availableMicro: grantMicro, reservedMicro: 0, owedMicro: 0 } })
})

test('the secret of another swarm is refused in plain words', async () => {
  const relay = await startRelay()
  const link = parseLink(relay.link)
  if (!link.ok) throw new Error(link.error.reason)
  const browser = await launch('chromium')
  await browser.onboard({ link: formatLink({ ...link.value, secret: new Uint8Array(32) }), preset: 'gentle' })
  const popup = await browser.openPopup()
  await popup.waitFor('[data-reason="swarm-refused"]')
  expect(await popup.text(byTestId('reason'))).toContain('does not let this computer in')
  await popup.click(`${byTestId('why-no-work')} summary`)
  expect(await popup.text(byTestId('why-no-work'))).toContain('the secret in your link is not that of the swarm')
  await shot(popup, 'wrong-secret')
  const dashboard = await browser.openDashboard()
  await dashboard.waitFor(byTestId('notice'))
  expect(await dashboard.text(byTestId('notice'))).toMatch(/does not let this computer in[^]*the secret in your link/)
  await shot(dashboard, 'wrong-secret-dashboard')
})

test('a model that comes wrong or cut off is not used, and is taken up where it broke off', async () => {
  const { path } = temporaryFolder('card')
  writeFileSync(`${path}/card.json`, JSON.stringify(mirroredCard))
  const relay = await startRelay({ args: ['--model-card', `${path}/card.json`] })
  const mirror = await startModelMirror()
  const { dashboard } = await join(await launch('chromium'), relay.link)
  await dashboard.fill(byTestId('hub-url'), mirror.url)
  await dashboard.click(byTestId('hub-save'))
  await dashboard.waitFor(`${byTestId('hub-save')}:disabled`)
  const model = `[data-model="${mirroredCard.name}"]`
  const fetchIt = (): Promise<void> => dashboard.click(`${model} ${byTestId('model-prepare')}`)

  mirror.mood = 'wrong'
  await fetchIt()
  expect(await errorText(dashboard, 'wrong-hash')).toMatch(/not what it should be[^]*onnx.*expected 38aab1418179…/)
  mirror.mood = 'cut'
  await fetchIt()
  expect(await errorText(dashboard, 'model-unreachable')).toMatch(/could not be fetched[^]*HTTP 404[^]*127\.0\.0\.1/)
  await shot(dashboard, 'model-unreachable')
  await dashboard.waitFor(`${model}[data-model-state="failed"]`)
  mirror.mood = 'good'
  await fetchIt()
  await dashboard.waitFor(`${model}[data-model-state="ready"]`)
  expect(await dashboard.has(byTestId('error'))).toBe(false)
  // Nothing of the wrong file was kept, of the cut one all that came.
  expect(mirror.askedFrom()[1]).toBe(0)
  expect(mirror.askedFrom().at(-1)).toBeGreaterThan(0)
})
