/** The vault over this browser's storage. Only one at a time: a second would not see what the first has in memory. */
import { systemClock } from '../../crypto/clock.ts'
import { createCryptoKeySigner, createWebCryptoVerifier, generateDeviceKey } from '../../crypto/ed25519.ts'
import { systemRandom } from '../../crypto/random.ts'
import { createNobleVerifier } from '../../identity/noble.ts'
import { toHex } from '../../lib/bytes.ts'
import { createVault, type LocalVault } from '../../vault/create-vault.ts'
import { createIndexedDbKeyKeeper } from '../indexeddb/keys.ts'
import { createIndexedDbStore } from '../indexeddb/store.ts'
import { browserSession } from './session.ts'

const vaultDatabase = 'edge-net-vault'
const keysDatabase = 'edge-net-keys'
const lockName = 'edge-net/vault'
const sessionBytes = 16

export const openVault = async (): Promise<LocalVault> => {
  const release = await lock()
  const store = createIndexedDbStore(vaultDatabase)
  const keeper = createIndexedDbKeyKeeper(keysDatabase, { generateDeviceKey, createCryptoKeySigner })
  const close = async (): Promise<void> => {
    await Promise.all([store.close(), keeper.close()])
    release()
  }
  try {
    const opened = await createVault({
      store,
      keeper,
      clock: systemClock,
      random: systemRandom,
      verifier: createWebCryptoVerifier(createNobleVerifier()),
      session: await browserSession(() => toHex(systemRandom.bytes(sessionBytes))),
    })
    if (!opened.ok) throw new Error(JSON.stringify(opened.error))
    const vault = opened.value
    return { ...vault, close: () => vault.close().then(close) }
  } catch (error) {
    await close()
    throw error
  }
}

/** Waits for its turn; the browser gives the lock back when this context dies. */
const lock = (): Promise<() => void> =>
  new Promise((locked, failed) => {
    navigator.locks.request(lockName, () => new Promise<void>(locked)).catch(failed)
  })
