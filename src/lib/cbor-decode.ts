/**
 * Reads deterministic CBOR and refuses every other form of it: heads that could be shorter, maps out of order or with a key
 * twice, indefinite lengths, text that is not UTF-8, and types that `Cbor` does not have.
 *
 * Nothing is allocated by what a head says, only by the bytes that are there, and nothing throws: the first fault stands in the reader.
 */
import type { Bytes } from './bytes.ts'
import type { Cbor, CborFault } from './cbor.ts'

/** Deeper nesting than any record of ours has; beyond it a decoder's recursion is at the sender's mercy. */
const depthMax = 16

export interface Reader {
  readonly bytes: Uint8Array
  at: number
  fault: CborFault | undefined
}

export const createReader = (bytes: Uint8Array): Reader => ({ bytes, at: 0, fault: undefined })

/** Null where there is a fault. */
export const readValue = (reader: Reader, depth: number): Cbor => {
  if (depth > depthMax) return fail(reader, 'too-deep')
  if (reader.at >= reader.bytes.length) return fail(reader, 'malformed')
  const initial = reader.bytes[reader.at++]!
  const major = initial >> 5
  if (major === 7) return readSimple(reader, initial)
  const argument = readArgument(reader, initial & 31)
  if (reader.fault !== undefined) return null
  switch (major) {
    case 0:
      return argument
    case 1:
      return argument === Number.MAX_SAFE_INTEGER ? fail(reader, 'malformed') : -1 - argument
    case 2:
      return readBytes(reader, argument)
    case 3:
      return readText(reader, argument)
    case 4:
      return readArray(reader, argument, depth)
    case 5:
      return readMap(reader, argument, depth)
    default:
      return fail(reader, 'malformed')
  }
}

const fail = (reader: Reader, fault: CborFault): null => {
  reader.fault ??= fault
  return null
}

const readSimple = (reader: Reader, initial: number): Cbor => {
  if (initial === 0xf4) return false
  if (initial === 0xf5) return true
  return initial === 0xf6 ? null : fail(reader, 'malformed')
}

/** What is the least that an argument of this many bytes is needed for. */
const leastOf: Readonly<Record<number, number>> = { 1: 24, 2: 0x100, 4: 0x1_0000, 8: 0x1_0000_0000 }

const readArgument = (reader: Reader, info: number): number => {
  if (info < 24) return info
  if (info > 27) return fail(reader, 'malformed') ?? 0
  const count = 1 << (info - 24)
  const { bytes, at } = reader
  if (at + count > bytes.length) return fail(reader, 'malformed') ?? 0
  let argument = 0
  for (let i = 0; i < count; i++) argument = argument * 256 + bytes[at + i]!
  reader.at += count
  if (argument < leastOf[count]!) return fail(reader, 'not-canonical') ?? 0
  return argument <= Number.MAX_SAFE_INTEGER ? argument : (fail(reader, 'malformed') ?? 0)
}

const isThere = ({ bytes, at }: Reader, length: number): boolean => length <= bytes.length - at

const readBytes = (reader: Reader, length: number): Cbor => {
  if (!isThere(reader, length)) return fail(reader, 'malformed')
  const copy: Bytes = new Uint8Array(length)
  const { bytes, at } = reader
  if (length > 64) copy.set(bytes.subarray(at, at + length))
  else for (let i = 0; i < length; i++) copy[i] = bytes[at + i]!
  reader.at += length
  return copy
}

/** A mark of byte order is text like any other: it stays. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** Longer text is given to the engine's decoder at once. */
const shortText = 32

const readText = (reader: Reader, length: number): string => {
  if (!isThere(reader, length)) return fail(reader, 'malformed') ?? ''
  const { bytes, at } = reader
  const end = at + length
  reader.at = end
  if (length <= shortText) {
    let text = ''
    let i = at
    for (; i < end && bytes[i]! < 0x80; i++) text += String.fromCharCode(bytes[i]!)
    if (i === end) return text
  }
  try {
    return utf8.decode(bytes.subarray(at, end))
  } catch {
    return fail(reader, 'malformed') ?? ''
  }
}

const readArray = (reader: Reader, count: number, depth: number): Cbor => {
  // Each takes a byte at least.
  if (!isThere(reader, count)) return fail(reader, 'malformed')
  const values: Cbor[] = []
  for (let i = 0; i < count; i++) {
    values.push(readValue(reader, depth + 1))
    if (reader.fault !== undefined) return null
  }
  return values
}

const readMap = (reader: Reader, count: number, depth: number): Cbor => {
  if (!isThere(reader, 2 * count)) return fail(reader, 'malformed')
  const map: { [key: string]: Cbor } = {}
  let [before, beforeEnd] = [0, 0]
  for (let i = 0; i < count; i++) {
    const start = reader.at
    const key = readKey(reader)
    if (reader.fault !== undefined) return null
    if (i > 0 && !isAbove(reader.bytes, start, reader.at, before, beforeEnd)) return fail(reader, 'not-canonical')
    before = start
    beforeEnd = reader.at
    const value = readValue(reader, depth + 1)
    if (reader.fault !== undefined) return null
    // Set in the usual way, this one would change what the map is.
    if (key === '__proto__') Object.defineProperty(map, key, { value, configurable: true, enumerable: true, writable: true })
    else map[key] = value
  }
  return map
}

const readKey = (reader: Reader): string => {
  const initial = reader.bytes[reader.at]
  if (initial === undefined || initial >> 5 !== 3) return fail(reader, 'malformed') ?? ''
  reader.at++
  const length = readArgument(reader, initial & 31)
  return reader.fault === undefined ? readText(reader, length) : ''
}

/** Whether the bytes of the one place come after those of the other. Neither begins the other: a head tells the length. */
const isAbove = (bytes: Uint8Array, at: number, end: number, other: number, otherEnd: number): boolean => {
  for (; at < end && other < otherEnd; at++, other++) if (bytes[at] !== bytes[other]) return bytes[at]! > bytes[other]!
  return false
}
