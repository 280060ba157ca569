import { describe, expect, test } from 'vitest'
import { joinOf, parseEntry, parseJoin } from '../../../src/ledger/entry.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import { makeStampHere } from '../../support/stamp.ts'
import { createWorld, credit, enrol, line, must } from '../../support/vault-world.ts'

const bits = 1
const quiet = () => ({ signal: new AbortController().signal, onTries: () => {} })

describe('the stamp', () => {
  test('is asked for before anything of a new account leaves, kept once it is made, and in the join from then on', async () => {
    const world = await createWorld('vault', credit, { stampBits: bits })
    const store = createMemoryStore()
    const vault = await world.open(store)
    await enrol(world, vault)
    const { device } = (await vault.status()).device
    expect(await must(vault, 'ask', 'stamp', { stamp: null })).toEqual({ stamp: null })
    expect(await vault.call('join', 'joinOp', {})).toMatchObject({ ok: false, error: { type: 'refused' } })
    const grant = await world.payer('issuer')([line(device, 5 * credit)])
    expect(await must(vault, 'claim', 'claim', { incomes: [grant] })).toEqual({ pending: [] })

    const stamp = (await makeStampHere({ device, swarm: world.swarm, bits }, quiet()))!
    expect(await must(vault, 'made', 'stamp', { stamp })).toEqual({ stamp })
    const { pending } = await must(vault, 'pending', 'pending', {})
    const entry = parseEntry(pending[0]!)
    expect(entry.ok && joinOf(entry.value.entry)?.stamp).toEqual(stamp)
    const again = await world.open(createMemoryStore(store.snapshot()))
    const join = parseJoin((await must(again, 'join', 'joinOp', {})).join)
    expect(join.ok && join.value.stamp).toEqual(stamp)
  })

  test('of another device, or of no work, is refused', async () => {
    const world = await createWorld('vault', credit, { stampBits: bits })
    const vault = await world.open(createMemoryStore())
    await enrol(world, vault)
    const tries: Uint8Array[] = []
    for (let nonce = 0; tries.length < 2; nonce++) {
      const stamp = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, nonce]) as Uint8Array<ArrayBuffer>
      const kept = await vault.call(`try ${nonce}`, 'stamp', { stamp })
      if (!kept.ok) tries.push(stamp)
    }
    expect(await vault.call('short', 'stamp', { stamp: new Uint8Array(3) as Uint8Array<ArrayBuffer> })).toMatchObject({
      ok: false,
      error: { type: 'refused', what: 'stamp: length' },
    })
  })

  test('is nothing where the swarm asks for none', async () => {
    const world = await createWorld()
    const vault = await world.open(createMemoryStore())
    await enrol(world, vault)
    expect(await must(vault, 'ask', 'stamp', { stamp: null })).toEqual({ stamp: new Uint8Array(0) })
    expect(await vault.call('join', 'joinOp', {})).toMatchObject({ ok: true })
  })
})
