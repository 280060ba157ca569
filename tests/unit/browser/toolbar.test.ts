import { beforeEach, expect, test, vi } from 'vitest'
import { createToolbar } from '../../../src/browser/extension/toolbar.ts'
import { createManualClock } from '../../../src/lib/clock.ts'

const { titles } = vi.hoisted(() => ({ titles: [] as string[] }))
vi.mock('webextension-polyfill', () => ({
  default: {
    action: { setIcon: async () => {}, setTitle: async ({ title }: { title: string }) => void titles.push(title) },
    i18n: { getMessage: (key: string) => key },
  },
}))
const settings = {
  consented: true,
  preset: 'standard',
  share: 0.5,
  hubUrl: 'https://hub.example',
  depositEarnings: true,
  paused: null,
} as const

beforeEach(() => void titles.splice(0))

test('it says what is so, once, and that a pause is over when it is', async () => {
  const clock = createManualClock()
  const toolbar = createToolbar(clock)
  for (const paused of [null, null, clock.now() + 1_000] as const) await toolbar.follow({ ...settings, paused })
  await clock.advance(2_000)
  await toolbar.follow({ ...settings, paused: clock.now() - 1_000 })
  await toolbar.follow({ ...settings, paused: 'off' })
  await toolbar.follow({ ...settings, consented: false })
  expect(titles).toEqual(['activity_idle', 'activity_paused', 'activity_idle', 'activity_off'].map((text) => `extName: ${text}`))
})
