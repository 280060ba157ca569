import { describe, expect, test } from 'vitest'
import { verifyDevice } from '../../../src/identity/device.ts'
import { createNobleVerifier } from '../../../src/identity/noble.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import type { Result } from '../../../src/lib/result.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import { confirmPhrase, openIdentity, phraseWordsOf, restoreIdentity } from '../../../src/vault/identity.ts'
import { createMemoryKeyKeeper } from '../../../src/vault/key-keeper.ts'

const setUp = (seed = 'identity') => {
  const random = createSeededRandom(seed)
  return { store: createMemoryStore(), keeper: createMemoryKeyKeeper(random), random }
}
const value = <T, E>(result: Result<T, E>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

describe('identity', () => {
  test('is made once: root certifies device, and the same comes back', async () => {
    const deps = setUp()
    const first = value(await openIdentity(deps))
    expect(await verifyDevice(createNobleVerifier(), first.certificate)).toBe(true)
    expect(first.signer.publicKey).toEqual(first.certificate.device)
    const again = value(await openIdentity(deps))
    expect(again.certificate).toEqual(first.certificate)
    expect(deps.keeper.devices()).toBe(1)
  })

  test('words are there until confirmed, and bring the same root with a new device', async () => {
    const deps = setUp()
    const identity = value(await openIdentity(deps))
    const words = (await phraseWordsOf(deps, identity))!
    expect(words).toHaveLength(24)
    expect(JSON.stringify([...deps.store.snapshot()])).not.toContain(words[0])
    const confirmed = value(await confirmPhrase(deps, identity))
    expect(await phraseWordsOf(deps, confirmed)).toBeNull()
    expect(await phraseWordsOf(deps, value(await openIdentity(deps)))).toBeNull()

    const other = setUp('other')
    const before = value(await openIdentity(other))
    const restored = value(await restoreIdentity(other, `  ${words.join('\n ').toUpperCase()} `))
    expect(restored.certificate.root).toEqual(identity.certificate.root)
    expect(restored.certificate.device).not.toEqual(before.certificate.device)
    expect(restored.certificate.device).not.toEqual(identity.certificate.device)
    expect(await verifyDevice(createNobleVerifier(), restored.certificate)).toBe(true)
    expect(value(await openIdentity(other)).certificate).toEqual(restored.certificate)
    expect(await phraseWordsOf(other, restored)).toBeNull()
    expect(other.keeper.devices()).toBe(1)
  })

  test('a wrong phrase changes nothing', async () => {
    const deps = setUp()
    const identity = value(await openIdentity(deps))
    const words = [...(await phraseWordsOf(deps, identity))!]
    expect(await restoreIdentity(deps, words.slice(1).join(' '))).toMatchObject({
      ok: false,
      error: { type: 'phrase', reason: 'word-count' },
    })
    words[3] = 'edgenet'
    expect(await restoreIdentity(deps, words.join(' '))).toMatchObject({
      ok: false,
      error: { type: 'phrase', reason: 'unknown-word', position: 4 },
    })
    expect(value(await openIdentity(deps)).certificate).toEqual(identity.certificate)
  })

  test('a crash before the record is stored leaves no identity and, later, no stray key', async () => {
    const deps = setUp()
    const dying = { ...deps, store: { ...deps.store, commit: () => Promise.reject(new Error('killed')) } }
    await expect(openIdentity(dying)).rejects.toThrow('killed')
    expect(deps.keeper.devices()).toBe(1)
    const made = value(await openIdentity(deps))
    value(await openIdentity(deps))
    expect(deps.keeper.devices()).toBe(1)
    expect(await deps.keeper.signer(made.certificate.device)).toBeDefined()
  })

  test('a record without its key is said, not replaced', async () => {
    const deps = setUp()
    value(await openIdentity(deps))
    expect(await openIdentity({ ...deps, keeper: createMemoryKeyKeeper(deps.random) })).toEqual({ ok: false, error: { type: 'key-lost' } })
  })
})
