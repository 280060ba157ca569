/** What a relay tells of where a device is: all that it saw it in under one secret, and nothing that was before. */
import { expect, test } from 'vitest'
import { createBlockLabels } from '../../../src/agent/relay-blocks.ts'
import { areApart, type Blocks } from '../../../src/contract/blocks.ts'
import { sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import type { Network } from '../../../src/network/network.ts'
import { blocksPerDeviceMax } from '../../../src/network/wire.ts'

const world = () => {
  const clock = createManualClock()
  const at = new Map<string, string>()
  const network = { peer: (id: string) => (at.has(id) ? { address: at.get(id) } : undefined) } as unknown as Network
  const labels = createBlockLabels({ clock, random: createSeededRandom('blocks'), network })
  const device = (name: string) => sha256(utf8(name))
  const place = (name: string, address: string): void => {
    at.set(toHex(device(name)), address)
    labels.see(device(name))
  }
  /** As a requester knows it from this relay. */
  const told = (name: string): Blocks => {
    const block = labels.of(device(name))
    return new Map(block ? [['relay', { salt: toHex(block.salt), labels: block.labels.map(toHex) }]] : [])
  }
  return {
    clock,
    place,
    leave: (name: string) => at.delete(toHex(device(name))),
    told,
    apart: (a: string, b: string) => areApart(told(a), told(b), 0),
  }
}

test('two identities of one machine are together once one of them was seen by both its addresses', () => {
  const { place, apart } = world()
  place('a', '203.0.113.1')
  place('b', '2001:db8:1::1')
  place('c', '198.51.100.1')
  expect([apart('a', 'b'), apart('a', 'c'), apart('b', 'c')]).toEqual([true, true, true])
  place('a', '2001:db8:1::1')
  place('a', '203.0.113.1')
  expect([apart('a', 'b'), apart('a', 'c'), apart('b', 'c')]).toEqual([false, true, true])
})

test('the newest few are told, of whoever is linked, until the secret changes', async () => {
  const { clock, place, leave, told, apart } = world()
  place('b', '203.0.0.1')
  for (let n = 0; n <= blocksPerDeviceMax; n++) place('a', `203.0.${n}.1`)
  expect(told('a').get('relay')?.labels).toHaveLength(blocksPerDeviceMax)
  expect(apart('a', 'b')).toBe(true)
  leave('a')
  expect(told('a').size).toBe(0)
  place('a', '203.0.0.1')
  expect(apart('a', 'b')).toBe(false)
  await clock.advance(24 * 60 * 60_000)
  place('a', '203.0.9.1')
  expect(told('a').get('relay')?.labels).toHaveLength(1)
})
