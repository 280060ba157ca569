/**
 * Texts as people bring them, pasted or as a file: one text per line, or JSONL whose lines hold `text` and optionally `id`.
 *
 * JSONL is meant when the first line begins with `{`. An id that is missing is the line's number, counted from 1. A byte-order mark
 * and CRLF line ends are taken off; everything else stays as it is. The first fault ends the reading and names its line:
 * what is submitted costs credits, so nothing is skipped or mended in silence.
 */
import { err, ok, type Result } from '../lib/result.ts'

export const textsMax = 20_000
export const lineBytesMax = 1 << 20
export const fileBytesMax = 64 << 20
const idCharsMax = 256

export interface ParsedTexts {
  readonly texts: readonly string[]
  readonly ids: readonly string[]
}

export type ParseTextsError =
  | { readonly type: 'empty' }
  | { readonly type: 'file-too-large'; readonly bytes: number; readonly bytesMax: number }
  | { readonly type: 'too-many-texts'; readonly max: number }
  | { readonly type: 'blank-line'; readonly line: number }
  | { readonly type: 'line-too-long'; readonly line: number; readonly bytes: number; readonly bytesMax: number }
  | { readonly type: 'not-utf8'; readonly line: number }
  | { readonly type: 'not-json'; readonly line: number }
  | { readonly type: 'no-text'; readonly line: number }
  | { readonly type: 'bad-id'; readonly line: number }

export const parseTexts = (input: string | Uint8Array): Result<ParsedTexts, ParseTextsError> => {
  // A string with half a surrogate pair has no UTF-8 form: encoding would put U+FFFD in its place.
  if (typeof input === 'string' && halfPair.test(input)) return err({ type: 'not-utf8', line: lineOfHalfPair(input) })
  const bytes = withoutMark(typeof input === 'string' ? new TextEncoder().encode(input) : input)
  if (bytes.length > fileBytesMax) return err({ type: 'file-too-large', bytes: bytes.length, bytesMax: fileBytesMax })
  if (bytes.every(isBlankByte)) return err({ type: 'empty' })

  const texts: string[] = []
  const ids: string[] = []
  let jsonl: boolean | undefined
  for (const [index, raw] of linesOf(bytes)) {
    const line = index + 1
    if (texts.length === textsMax) return err({ type: 'too-many-texts', max: textsMax })
    if (raw.length > lineBytesMax) return err({ type: 'line-too-long', line, bytes: raw.length, bytesMax: lineBytesMax })
    const decoded = decodeUtf8(raw)
    if (decoded === undefined) return err({ type: 'not-utf8', line })
    if (decoded.trim() === '') return err({ type: 'blank-line', line })
    jsonl ??= decoded.trimStart().startsWith('{')
    const row: Result<{ text: string; id: string }, ParseTextsError> = jsonl
      ? parseJsonLine(decoded, line)
      : ok({ text: decoded, id: String(line) })
    if (!row.ok) return row
    texts.push(row.value.text)
    ids.push(row.value.id)
  }
  return ok({ texts, ids })
}

const parseJsonLine = (source: string, line: number): Result<{ text: string; id: string }, ParseTextsError> => {
  let value: unknown
  try {
    value = JSON.parse(source)
  } catch {
    return err({ type: 'not-json', line })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return err({ type: 'not-json', line })
  const { text, id = line } = value as { text?: unknown; id?: unknown }
  if (typeof text !== 'string') return err({ type: 'no-text', line })
  if (halfPair.test(text)) return err({ type: 'not-utf8', line })
  if (text.trim() === '') return err({ type: 'blank-line', line })
  const name = typeof id === 'number' && Number.isSafeInteger(id) ? String(id) : id
  if (typeof name !== 'string' || name === '' || name.length > idCharsMax) return err({ type: 'bad-id', line })
  return ok({ text, id: name })
}

const lineFeed = 0x0a
const carriageReturn = 0x0d
const halfPair = /\p{Surrogate}/u

/** Lines without their ends; what follows the last line feed counts only if there is something. */
function* linesOf(bytes: Uint8Array): Generator<readonly [index: number, line: Uint8Array]> {
  let index = 0
  for (let from = 0; from < bytes.length; index++) {
    const found = bytes.indexOf(lineFeed, from)
    const end = found < 0 ? bytes.length : found
    yield [index, bytes.subarray(from, end > from && bytes[end - 1] === carriageReturn ? end - 1 : end)]
    from = end + 1
  }
}

const withoutMark = (bytes: Uint8Array): Uint8Array =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes

const isBlankByte = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)

const decodeUtf8 = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

const lineOfHalfPair = (text: string): number => text.slice(0, text.search(halfPair)).split('\n').length
