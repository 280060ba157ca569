/** Root of the agent's page: Chrome's offscreen document, with the vault in the service worker, or all of Firefox's background. */
import { createInPageHost } from '../../src/browser/extension/agent-host.ts'
import { connectVault } from '../../src/browser/extension/connect-vault.ts'
import { eraseStorage } from '../../src/browser/extension/erase-storage.ts'
import { openVault } from '../../src/browser/extension/open-vault.ts'
import { startBackground } from '../../src/browser/extension/start-background.ts'
import { systemClock } from '../../src/crypto/clock.ts'
import { modelCards } from '../../src/tasks/models.ts'
import { presetShares } from '../../src/vault/settings.ts'
import { startHere } from './start-here.ts'

if (import.meta.env.FIREFOX)
  startBackground({
    clock: systemClock,
    openVault,
    eraseStorage,
    presetShares,
    models: modelCards,
    createHost: (vault) => createInPageHost(async () => startHere(await vault())),
  })
else startHere(connectVault(systemClock))
