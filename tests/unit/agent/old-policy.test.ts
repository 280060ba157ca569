/** A policy in a form of another version: nothing of the swarm works here, it is said, and all that is stored stays. */
import { expect, test } from 'vitest'
import type { Bytes } from '../../../src/lib/bytes.ts'
import { sha256 } from '../../../src/lib/bytes.ts'
import { type Cbor, decodeCanonical, encode } from '../../../src/lib/cbor.ts'
import type { StoreValue } from '../../../src/lib/store.ts'
import { createMemoryFriends, type Profile } from '../../support/memory-friends.ts'

/** As before a field was added. */
const withoutField = (signedPolicy: Bytes): Bytes => {
  const decoded = decodeCanonical(signedPolicy)
  const { policy, sig } = (decoded.ok ? decoded.value : {}) as { policy: Record<string, Cbor>; sig: Bytes }
  const { stampBits: _, ...rest } = policy
  return encode({ policy: rest, sig })
}
const swarmKey = 'swarm\0current'
const policyIn = ([vault]: Profile): Bytes => (vault.get(swarmKey) as { policy: Bytes }).policy

test('stored by an earlier version: the vault opens, says so for every call, and keeps the record for the version that reads it', async () => {
  const friends = await createMemoryFriends('old policy')
  const { founder } = friends
  await friends.until('it serves', () => founder.agent().view().founder?.state === 'serving')
  founder.quit()
  const [vault, agent] = founder.profile()
  const now = vault.get(swarmKey) as { policy: Bytes } & Record<string, StoreValue>
  const old: Profile = [new Map([...vault, [swarmKey, { ...now, policy: withoutField(now.policy) }]]), agent]
  await founder.start(old)
  await friends.clock.advance(20_000)
  expect(founder.agent().view().activity.idleReason).toBe('policy-unread')
  expect((await founder.vault().status()).swarm).toMatchObject({ policyUnread: true })
  expect(await founder.vault().call('a', 'account', {})).toEqual({ ok: false, error: { type: 'policy-unread' } })
  expect(await founder.vault().call('s', 'settle', {})).toEqual({ ok: false, error: { type: 'policy-unread' } })
  const [kept] = founder.profile()
  for (const [key, value] of old[0]) if (!key.startsWith('settings')) expect(kept.get(key)).toEqual(value)

  founder.quit()
  await founder.start([vault, agent])
  await friends.until('with the version that reads it all is as before', () => founder.agent().view().founder?.state === 'recalling')
})

test('given to a newcomer: it says so, and blames nobody', async () => {
  const friends = await createMemoryFriends('old policy given')
  const { founder, link } = friends
  const old = withoutField(policyIn(founder.profile()))
  const decoded = decodeCanonical(old)
  const swarm = sha256(encode((decoded.ok ? (decoded.value as { policy: Cbor }) : { policy: null }).policy))
  const newcomer = await friends.join('newcomer', { ...link, swarm })
  expect(await newcomer.vault().call('p', 'policy', { signedPolicy: old })).toEqual({ ok: false, error: { type: 'policy-unread' } })
  // Another swarm's is nothing of the kind.
  expect(await newcomer.vault().call('q', 'policy', { signedPolicy: policyIn(founder.profile()) })).toMatchObject({
    error: { type: 'refused' },
  })
})

test('a damaged record of the swarm is not taken for none: joining again would write over it', async () => {
  const friends = await createMemoryFriends('damaged record')
  const { founder } = friends
  founder.quit()
  const [vault, agent] = founder.profile()
  await expect(founder.start([new Map([...vault, [swarmKey, { link: 'gone' }]]), agent])).rejects.toThrow('damaged')
})
