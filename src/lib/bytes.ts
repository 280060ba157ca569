/** Byte strings: hex and base64url text forms, equality, order, concatenation. */
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js'

export { sha256 } from '#sha256'

export type Bytes = Uint8Array<ArrayBuffer>

/** By the engine where it can. Else in one piece: text that is put together of pieces costs four times as much once it is a key. */
export const toHex = (bytes: Uint8Array): string => {
  if (engineCan || bytes.length > 64) return bytesToHex(bytes)
  digits.length = 2 * bytes.length
  for (let i = 0; i < bytes.length; i++) {
    digits[2 * i] = highDigit[bytes[i]!]!
    digits[2 * i + 1] = lowDigit[bytes[i]!]!
  }
  return String.fromCharCode(...digits)
}
const engineCan = 'toHex' in Uint8Array.prototype
const digits: number[] = []
const digitCode = (value: number): number => '0123456789abcdef'.charCodeAt(value)
const highDigit = Uint8Array.from({ length: 256 }, (_, byte) => digitCode(byte >> 4))
const lowDigit = Uint8Array.from({ length: 256 }, (_, byte) => digitCode(byte & 15))

/** Undefined where `hex` is not an even number of hexadecimal digits. */
export const fromHex = (hex: string): Bytes | undefined => (/^([0-9a-f]{2})*$/.test(hex) ? (hexToBytes(hex) as Bytes) : undefined)

export const concat = (...parts: readonly Uint8Array[]): Bytes => concatBytes(...parts) as Bytes

export const utf8 = (text: string): Bytes => new TextEncoder().encode(text)

export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && compareBytes(a, b) === 0

/** Lexicographic order, a prefix before what it begins. */
export const compareBytes = (a: Uint8Array, b: Uint8Array): number => {
  const n = Math.min(a.length, b.length)
  for (let i = 0; i < n; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Unpadded base64url (RFC 4648 §5). */
export const toBase64url = (bytes: Uint8Array): string => {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    const digits = Math.min(4, bytes.length - i + 1)
    for (let d = 0; d < digits; d++) text += alphabet[(group >> (18 - 6 * d)) & 63]
  }
  return text
}

/** Undefined where `text` is not the unpadded base64url form of any byte string (stray bits are refused). */
export const fromBase64url = (text: string): Bytes | undefined => {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return undefined
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let at = 0
  for (let i = 0; i < text.length; i += 4) {
    const part = text.slice(i, i + 4)
    let group = 0
    for (let d = 0; d < 4; d++) group = (group << 6) | (d < part.length ? alphabet.indexOf(part[d]!) : 0)
    for (let b = 0; b < part.length - 1; b++) bytes[at++] = (group >> (16 - 8 * b)) & 255
  }
  return toBase64url(bytes) === text ? bytes : undefined
}
