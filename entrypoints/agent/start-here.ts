/** What the agent is made of in a browser. */
import browser from 'webextension-polyfill'
import { startAgentShell } from '../../src/browser/extension/start-agent.ts'
import { createIndexedDbStore } from '../../src/browser/indexeddb/store.ts'
import { createStampMaker } from '../../src/browser/stamp/make-stamp.ts'
import { createTrackerDialer } from '../../src/browser/tracker/client.ts'
import { createRtc } from '../../src/browser/webrtc/rtc.ts'
import { createSdpSeal } from '../../src/browser/webrtc/sdp-seal.ts'
import { createRelayDialer } from '../../src/browser/websocket/dialer.ts'
import { systemClock as clock } from '../../src/crypto/clock.ts'
import { createWebCryptoVerifier } from '../../src/crypto/ed25519.ts'
import { systemRandom as random } from '../../src/crypto/random.ts'
import { createSealer } from '../../src/crypto/sealing.ts'
import { browserEngineDeps } from '../../src/engine/browser-engine.ts'
import { createEngine } from '../../src/engine/create-engine.ts'
import { createNobleVerifier } from '../../src/identity/noble.ts'
import { createNetwork } from '../../src/network/create-network.ts'
import { modelCards } from '../../src/tasks/models.ts'
import { defaultHubUrl } from '../../src/vault/settings.ts'
import type { Vault, VaultStatus } from '../../src/vault/vault.ts'

export const agentDatabase = 'edge-net-agent'

export const startHere = (vault: Vault): (() => Promise<void>) => {
  const verifier = createWebCryptoVerifier(createNobleVerifier())
  const cores = navigator.hardwareConcurrency
  let status: VaultStatus | undefined
  vault.onChange((next) => (status = next))
  void vault.call('status', 'status', {}).then((read) => (status ??= read.ok ? read.value : undefined))
  return startAgentShell({
    clock,
    random,
    vault,
    verifier,
    cores,
    store: createIndexedDbStore(agentDatabase),
    engine: createEngine(browserEngineDeps(browser.runtime.getURL('/'), clock, () => status?.settings.hubUrl ?? defaultHubUrl)),
    sealer: createSealer(),
    makeStamp: createStampMaker(random),
    bundledModels: modelCards,
    dayStartMs: () => new Date().setHours(0, 0, 0, 0),
    // A relay's mirror is on the port of its WebSocket.
    mirrorsOf: ({ relays }) => relays.map((url) => url.replace(/^ws/, 'http')),
    openNetwork: ({ link, device, signHello, reach }) =>
      createNetwork({
        clock,
        random,
        verifier,
        role: 'node',
        device,
        signHello,
        link,
        rtc: createRtc({ hostCandidates: link.secret !== null }),
        sdpSeal: createSdpSeal(link.secret),
        relayDialer: createRelayDialer(),
        trackerDialer: createTrackerDialer(),
        ...(reach && { degree: reach.degree, limits: { peersMax: reach.peersMax } }),
      }),
  })
}
