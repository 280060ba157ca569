/**
 * The block of addresses that a peer is in: /24 of IPv4, /48 of IPv6, what one customer or one rack usually has of it. Addresses of
 * this very machine are in none: they are those of a proxy, or of somebody whom a relay cannot tell from the next one.
 */

const octet = '(25[0-5]|2[0-4]\\d|1?\\d?\\d)'
const ipv4 = new RegExp(`^(?:::ffff:)?(${octet}\\.${octet}\\.${octet})\\.${octet}$`, 'i')
const group = /^[0-9a-f]{1,4}$/i
const charsMax = 64

/** As text; undefined where this is no address, or one of this machine. */
export const addressBlock = (address: string): string | undefined => {
  if (address.length > charsMax) return undefined
  const four = ipv4.exec(address)
  if (four) return four[2] === '127' || four[2] === '0' ? undefined : `4/${[four[2], four[3], four[4]].map(Number).join('.')}`
  const groups = ipv6Groups(address.split('%')[0]!)
  if (!groups || groups.slice(0, 7).every((one) => one === 0)) return undefined
  return `6/${groups
    .slice(0, 3)
    .map((one) => one.toString(16))
    .join(':')}`
}

/** The eight numbers of an IPv6 address in hexadecimal groups. */
const ipv6Groups = (text: string): readonly number[] | undefined => {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':'))) as [string[], string[]?]
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (tail ? missing < 1 : missing !== 0) return undefined
  const all = tail ? [...head, ...Array<string>(missing).fill('0'), ...tail] : head
  return all.every((one) => group.test(one)) ? all.map((one) => Number.parseInt(one, 16)) : undefined
}
