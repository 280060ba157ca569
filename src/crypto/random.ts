/** The operating system's randomness, in browsers and in Node. */
import type { Random } from '../lib/random.ts'

/** WebCrypto gives no more at one call. */
const callBytesMax = 65_536

export const systemRandom: Random = {
  bytes: (length) => {
    const out = new Uint8Array(length)
    for (let at = 0; at < length; at += callBytesMax) crypto.getRandomValues(out.subarray(at, at + callBytesMax))
    return out
  },
}
