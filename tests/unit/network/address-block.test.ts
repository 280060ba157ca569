import { isIP } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addressBlock } from '../../../src/network/address-block.ts'

test.each([
  ['203.0.113.7', '4/203.0.113'],
  ['::ffff:203.0.113.200', '4/203.0.113'],
  ['2001:db8:1:2::3', '6/2001:db8:1'],
  ['2001:DB8:1:ffff:1:2:3:4', '6/2001:db8:1'],
  ['2001:db8::1', '6/2001:db8:0'],
  ['fe80::1%eth0', '6/fe80:0:0'],
])('%s is in %s', (address, block) => expect(addressBlock(address)).toBe(block))

test.each([
  '127.0.0.1',
  '::ffff:127.1.2.3',
  '::1',
  '::',
  '0.0.0.0',
  '',
  'unknown',
  '256.1.1.1',
  '1.2.3',
  '1::2::3',
  '1:2:3:4:5:6:7:8:9',
  '10.0.0.1:443',
])('%s is in none', (address) => expect(addressBlock(address)).toBeUndefined())

test('what is no address is in no block, and neighbours are in one', () => {
  fc.assert(fc.property(fc.string(), (text) => void (isIP(text) || expect(addressBlock(text)).toBeUndefined())))
  fc.assert(
    fc.property(
      fc.ipV6(),
      (address) => void (address.includes('.') || /^[0:]*:/.test(address) || expect(addressBlock(address)).toBeDefined()),
    ),
  )
  const octet = fc.integer({ min: 0, max: 255 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 126 }), octet, octet, octet, octet, (a, b, c, d, e) => {
      expect(addressBlock(`${a}.${b}.${c}.${d}`)).toBe(addressBlock(`${a}.${b}.${c}.${e}`))
      expect(addressBlock(`${a}.${b}.${c}.${d}`) === addressBlock(`${a}.${b}.${e}.${d}`)).toBe(c === e)
    }),
  )
})
