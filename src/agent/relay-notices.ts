/**
 * The founder's notices at a relay: kept, answered and handed on as by any node (notices.ts).
 *
 * | table   | key             | value                                        |
 * | ------- | --------------- | -------------------------------------------- |
 * | notices | newest, against | cbor of SignedNotice, verified before it was stored |
 */
import { openNotice } from '../economy/notice-codec.ts'
import { type Terms, termsOf } from '../economy/notice.ts'
import type { Policy } from '../economy/policy.ts'
import type { Verifier } from '../identity/keys.ts'
import type { Bytes } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Store, Write } from '../lib/store.ts'
import type { Network } from '../network/network.ts'
import { createNoticeKeeper, type NoticeKeeper } from './notices.ts'

const table = 'notices'
const read = async (store: Store, key: 'newest' | 'against'): Promise<Bytes | undefined> => {
  const bytes = await store.get(table, key)
  return bytes instanceof Uint8Array ? (bytes as Bytes) : undefined
}

/** What held when the relay was stopped. */
export const keptTerms = async (store: Store, policy: Policy): Promise<Terms> => {
  const bytes = await read(store, 'newest')
  const newest = bytes && openNotice(bytes)
  return termsOf(policy, newest?.ok ? newest.value.notice : undefined)
}

export const startRelayNotices = async (
  deps: { readonly clock: Clock; readonly verifier: Verifier; readonly network: Network; readonly policy: Policy; readonly store: Store },
  changed: () => void = () => {},
): Promise<NoticeKeeper> => {
  const { store, network } = deps
  const write = (key: string, value: Bytes | undefined): Write => (value ? { table, key, value } : { table, key, remove: true })
  const keeper = createNoticeKeeper(
    deps,
    { newest: await read(store, 'newest'), against: await read(store, 'against') },
    {
      keep: async (_, { newest, against }) => (await store.commit([write('newest', newest), write('against', against)])).ok,
      changed,
    },
  )
  const stop = network.onMessage((from, message, forwarded) => {
    if (!forwarded) void keeper.onMessage(from, message).catch(() => {})
  })
  return {
    ...keeper,
    close: () => {
      stop()
      keeper.close()
    },
  }
}
