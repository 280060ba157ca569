/** Quorums count witnesses, not devices: a lying one that speaks from a second device is still one of four. */
import { expect, test } from 'vitest'
import { helloMessage } from '../../../src/identity/hello-message.ts'
import { createNobleVerifier } from '../../../src/identity/noble.ts'
import { signBinding } from '../../../src/ledger/witness-binding.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { createNetwork } from '../../../src/network/create-network.ts'
import { createMemorySwarm, type MemorySwarm } from '../../support/memory-agents.ts'
import { memorySeal } from '../../support/memory-network.ts'
import { testIdentity } from '../../support/memory-nodes.ts'

/** A member's device that the key of this witness names: of every chain it says that it knows nothing. */
const secondDevice = async ({ clock, hub, link }: MemorySwarm, seed: string, index: number) => {
  const { signer, device } = await testIdentity('second device')
  const witness = (await testIdentity(`${seed}/witness${index}`)).signer
  const network = createNetwork({
    ...{ clock, device, link, random: createSeededRandom('second device'), verifier: createNobleVerifier(), role: 'node' },
    signHello: (fields) => signer.sign(helloMessage(link.swarm, device.device, fields)),
    ...{ rtc: hub.rtc('second device'), sdpSeal: memorySeal, relayDialer: hub.dialer('second device') },
  })
  const binding = await signBinding(witness, link.swarm, device.device)
  let answered = 0
  network.onPeer(({ id, role }, change) => void (change === 'joined' && role === 'node' && network.send(id, ['witness', binding])))
  network.onMessage((from, [type, body]) => {
    if (type !== 'head?') return
    answered++
    void network.send(from, ['head', { author: body.author, summary: null }])
  })
  return { answered: () => answered }
}

test('two of four witnesses are not three, from however many devices: no head is taken for checked', async () => {
  const seed = 'voices'
  const swarm = await createMemorySwarm(seed, { witnesses: 4 })
  for (const index of [2, 3]) await swarm.stopRelay(index)
  const second = await secondDevice(swarm, seed, 1)
  const ana = await swarm.join('ana')
  await swarm.until('the second device was asked', () => second.answered() > 0)
  await swarm.clock.advance(20_000)
  expect((await ana.vault.status()).swarm?.headChecked).toBe(false)
  await swarm.startRelay(2)
  await swarm.until('three have told', () => ana.agent().view().credits.earnedMicro > 0)
  expect((await ana.vault.status()).swarm?.headChecked).toBe(true)
})
