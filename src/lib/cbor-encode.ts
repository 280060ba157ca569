/** Writes a value as deterministic CBOR: shortest heads, maps in the order of their encoded keys. */
import { assert } from './assert.ts'
import { type Bytes, compareBytes } from './bytes.ts'
import type { Cbor } from './cbor.ts'

interface Writer {
  bytes: Bytes
  at: number
}

const startBytes = 4 * 1024
/** A larger one is not kept for the next call. */
const spareBytesMax = 64 * 1024
/** Written to by one call at a time: so a small message allocates nothing but its own bytes. */
let spare: Bytes | undefined

export const writeWhole = (value: Cbor): Bytes => {
  const writer: Writer = { bytes: spare ?? new Uint8Array(startBytes), at: 0 }
  spare = undefined
  write(writer, value)
  if (writer.bytes.length <= spareBytesMax) spare = writer.bytes
  return writer.bytes.slice(0, writer.at)
}

const reserve = (writer: Writer, count: number): void => {
  if (writer.at + count <= writer.bytes.length) return
  const larger = new Uint8Array(Math.max(2 * writer.bytes.length, writer.at + count))
  larger.set(writer.bytes.subarray(0, writer.at))
  writer.bytes = larger
}

const write = (writer: Writer, value: Cbor): void => {
  if (typeof value === 'number') writeInteger(writer, value)
  else if (typeof value === 'string') writeText(writer, value)
  else if (typeof value === 'boolean') writeHead(writer, 7, value ? 21 : 20)
  else if (value === null) writeHead(writer, 7, 22)
  else if (value instanceof Uint8Array) writeBytes(writer, value)
  else if (Array.isArray(value)) writeArray(writer, value as readonly Cbor[])
  else writeMap(writer, value as { readonly [key: string]: Cbor })
}

/** The major type in three bits, and its argument the shortest way. */
const writeHead = (writer: Writer, major: number, argument: number): void => {
  reserve(writer, 9)
  const type = major << 5
  const { bytes } = writer
  let at = writer.at
  if (argument < 24) bytes[at++] = type | argument
  else if (argument < 0x100) {
    bytes[at++] = type | 24
    bytes[at++] = argument
  } else if (argument < 0x1_0000) {
    bytes[at++] = type | 25
    bytes[at++] = argument >>> 8
    bytes[at++] = argument
  } else if (argument < 0x1_0000_0000) {
    bytes[at++] = type | 26
    at = writeWord(bytes, at, argument)
  } else {
    bytes[at++] = type | 27
    at = writeWord(bytes, at, Math.floor(argument / 0x1_0000_0000))
    at = writeWord(bytes, at, argument % 0x1_0000_0000)
  }
  writer.at = at
}

const writeWord = (bytes: Bytes, at: number, word: number): number => {
  bytes[at] = word >>> 24
  bytes[at + 1] = word >>> 16
  bytes[at + 2] = word >>> 8
  bytes[at + 3] = word
  return at + 4
}

const writeInteger = (writer: Writer, value: number): void => {
  assert(Number.isSafeInteger(value), 'a number in CBOR is a safe integer')
  if (value < 0) writeHead(writer, 1, -1 - value)
  else writeHead(writer, 0, value)
}

const writeBytes = (writer: Writer, value: Uint8Array): void => {
  writeHead(writer, 2, value.length)
  put(writer, value)
}

const put = (writer: Writer, value: Uint8Array): void => {
  const { length } = value
  reserve(writer, length)
  const { bytes, at } = writer
  // A key or a hash is copied sooner than the engine's own copying is called.
  if (length > 64) bytes.set(value, at)
  else for (let i = 0; i < length; i++) bytes[at + i] = value[i]!
  writer.at = at + length
}

const utf8 = new TextEncoder()
/** Longer text is given to the engine's encoder at once. */
const shortText = 64

const writeText = (writer: Writer, value: string): void => {
  if (value.length > shortText || !writeAscii(writer, value)) {
    const encoded = utf8.encode(value)
    writeHead(writer, 3, encoded.length)
    put(writer, encoded)
  }
}

/** False, and nothing written, where it is not all ASCII. */
const writeAscii = (writer: Writer, value: string): boolean => {
  const start = writer.at
  writeHead(writer, 3, value.length)
  reserve(writer, value.length)
  const { bytes } = writer
  let at = writer.at
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i)
    if (unit > 0x7f) {
      writer.at = start
      return false
    }
    bytes[at++] = unit
  }
  writer.at = at
  return true
}

const writeArray = (writer: Writer, values: readonly Cbor[]): void => {
  writeHead(writer, 4, values.length)
  for (let i = 0; i < values.length; i++) write(writer, values[i]!)
}

const writeMap = (writer: Writer, value: { readonly [key: string]: Cbor }): void => {
  assert(Object.prototype.toString.call(value) === '[object Object]', 'only plain data in CBOR')
  const keys = sorted(Object.keys(value))
  writeHead(writer, 5, keys.length)
  for (const key of keys) {
    put(writer, encodedKey(key))
    write(writer, value[key]!)
  }
}

/** Ours have few keys, mostly in order as they come: by insertion, which a peer's many keys would make quadratic. */
const insertedKeysMax = 16
const sorted = (keys: string[]): readonly string[] => {
  if (keys.length > insertedKeysMax)
    return keys
      .map((key) => [key, encodedKey(key)] as const)
      .sort(([, a], [, b]) => compareBytes(a, b))
      .map(([key]) => key)
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i]!
    const bytes = encodedKey(key)
    let at = i
    for (; at > 0 && compareBytes(encodedKey(keys[at - 1]!), bytes) > 0; at--) keys[at] = keys[at - 1]!
    keys[at] = key
  }
  return keys
}

/** The keys of our own records, and no more of others' than this. */
const keysMax = 1024
const knownKeys = new Map<string, Bytes>()
const encodedKey = (key: string): Bytes => {
  const known = knownKeys.get(key)
  if (known) return known
  const writer: Writer = { bytes: new Uint8Array(key.length + 9), at: 0 }
  writeText(writer, key)
  const made = writer.bytes.slice(0, writer.at)
  if (knownKeys.size >= keysMax) knownKeys.clear()
  knownKeys.set(key, made)
  return made
}
