import browser from 'webextension-polyfill'
import { systemClock } from '../../src/crypto/clock.ts'
import { openPage } from '../../src/ui/page.tsx'
import { Popup } from '../../src/ui/popup/popup.tsx'
import '../../src/ui/styles/base.css'
import '../../src/ui/styles/popup.css'

openPage({
  title: 'popupTitle',
  content: <Popup />,
  clock: systemClock,
  send: (message) => browser.runtime.sendMessage(message),
})
