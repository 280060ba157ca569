import browser from 'webextension-polyfill'
import { systemClock } from '../../src/crypto/clock.ts'
import { openPage } from '../../src/ui/page.tsx'
import { Dashboard } from '../../src/ui/dashboard/dashboard.tsx'
import '../../src/ui/styles/base.css'
import '../../src/ui/styles/dashboard.css'

openPage({
  title: 'dashboardTitle',
  content: <Dashboard />,
  clock: systemClock,
  send: (message) => browser.runtime.sendMessage(message),
})
