/** Root of Chrome's service worker; on Firefox agent/main.ts is the background page. */
import { defineBackground } from 'wxt/utils/define-background'
import { createOffscreenHost } from '../src/browser/extension/agent-host.ts'
import { eraseStorage } from '../src/browser/extension/erase-storage.ts'
import { openVault } from '../src/browser/extension/open-vault.ts'
import { startBackground } from '../src/browser/extension/start-background.ts'
import { systemClock } from '../src/crypto/clock.ts'
import { modelCards } from '../src/tasks/models.ts'
import { presetShares } from '../src/vault/settings.ts'

export default defineBackground({
  type: 'module',
  include: ['chrome'],
  main: () =>
    startBackground({ clock: systemClock, openVault, eraseStorage, presetShares, models: modelCards, createHost: createOffscreenHost }),
})
