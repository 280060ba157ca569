import browser from 'webextension-polyfill'
import { systemClock } from '../../src/crypto/clock.ts'
import { openPage } from '../../src/ui/page.tsx'
import { Onboarding } from '../../src/ui/onboarding/onboarding.tsx'
import '../../src/ui/styles/base.css'
import '../../src/ui/styles/onboarding.css'

openPage({
  title: 'onboardingTitle',
  content: <Onboarding />,
  clock: systemClock,
  send: (message) => browser.runtime.sendMessage(message),
})
