/**
 * BERT's WordPiece tokenizer, read from the hub's tokenizer.json.
 *
 * Equal to the Rust tokenizer on the texts of tests/vectors. It works code point by code point: JavaScript's own
 * `toLowerCase` lowers a word-final capital sigma by its context, and UTF-16 units would miss the CJK characters beyond U+FFFF.
 * Text is taken lazily, so that a text of megabytes costs only what the model's limit lets through.
 */
import * as v from 'valibot'
import { err, ok, type Result } from '../lib/result.ts'
import { parse } from '../lib/schema.ts'

export interface Encoded {
  /** With [CLS] and [SEP]. */
  readonly ids: Int32Array<ArrayBuffer>
  readonly truncated: boolean
}

export interface Tokenizer {
  readonly encode: (text: string) => Encoded
}

const isVocab = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.values(value).every((id) => typeof id === 'number')

const tokenizerSchema = v.object({
  added_tokens: v.array(v.object({ id: v.number(), content: v.pipe(v.string(), v.minLength(1)) })),
  normalizer: v.object({
    type: v.literal('BertNormalizer'),
    clean_text: v.boolean(),
    handle_chinese_chars: v.boolean(),
    strip_accents: v.nullable(v.boolean()),
    lowercase: v.boolean(),
  }),
  pre_tokenizer: v.object({ type: v.literal('BertPreTokenizer') }),
  model: v.object({
    type: v.literal('WordPiece'),
    unk_token: v.string(),
    continuing_subword_prefix: v.string(),
    max_input_chars_per_word: v.number(),
    // Not `v.record`: it leaves out the keys `prototype` and `constructor`, and those are words.
    vocab: v.custom<Readonly<Record<string, number>>>(isVocab, 'a number for each token'),
  }),
})
const configSchema = v.object({ model_max_length: v.optional(v.number()), cls_token: v.string(), sep_token: v.string() })

/** Words whose pieces are remembered. */
const cacheWordsMax = 20_000

/** `tokensMax` is the model card's; the smaller of it and the tokenizer's own limit holds. */
export const createTokenizer = (tokenizerJson: unknown, configJson: unknown, tokensMax: number): Result<Tokenizer, string> => {
  const parsed = parse(tokenizerSchema, tokenizerJson)
  if (!parsed.ok) return err(`tokenizer.json, ${parsed.error.where}: ${parsed.error.what}`)
  const config = parse(configSchema, configJson)
  if (!config.ok) return err(`tokenizer_config.json, ${config.error.where}: ${config.error.what}`)

  const { model, normalizer, added_tokens } = parsed.value
  const vocab = new Map(Object.entries(model.vocab))
  const special = new Map(added_tokens.map((token) => [token.content, token.id]))
  const idOf = (token: string): number | undefined => special.get(token) ?? vocab.get(token)
  const [cls, sep, unk] = [idOf(config.value.cls_token), idOf(config.value.sep_token), idOf(model.unk_token)]
  if (cls === undefined || sep === undefined || unk === undefined) return err('tokenizer.json: a special token is not in the vocabulary')
  const room = Math.min(tokensMax, config.value.model_max_length ?? tokensMax) - 2
  if (room < 1) return err('no room for tokens')

  const stripAccents = normalizer.strip_accents ?? normalizer.lowercase
  const pieceCharsMax = Math.max(...[...vocab.keys()].map((token) => token.length))
  const cache = new Map<string, readonly number[]>()
  /** Longest first: where one begins another, the longer is meant. */
  const specials = new RegExp(
    [...special.keys()]
      .sort((a, b) => b.length - a.length)
      .map(escape)
      .join('|') || '(?!)',
    'g',
  )

  /**
   * Greedy: the longest piece of the vocabulary, then the longest that continues it. One that fits nowhere makes all unknown. Cut
   * between UTF-16 units: what would cut a character in two is no piece of a vocabulary.
   */
  const split = (word: string): readonly number[] => {
    if (word.length > model.max_input_chars_per_word && Array.from(word).length > model.max_input_chars_per_word) return [unk]
    const ids: number[] = []
    for (let start = 0; start < word.length;) {
      let end = Math.min(word.length, start + pieceCharsMax)
      let id: number | undefined
      for (; end > start; end--) {
        id = vocab.get((start > 0 ? model.continuing_subword_prefix : '') + word.slice(start, end))
        if (id !== undefined) break
      }
      if (id === undefined) return [unk]
      ids.push(id)
      start = end
    }
    return ids
  }
  const piecesOf = (word: string): readonly number[] => {
    // A character takes two units at most: surely too long, and not worth a place in the cache.
    if (word.length > 2 * model.max_input_chars_per_word) return [unk]
    const known = cache.get(word)
    if (known) return known
    const ids = split(word)
    if (cache.size >= cacheWordsMax) cache.clear()
    cache.set(word, ids)
    return ids
  }

  /** Adds the ids of a stretch without special tokens; stops when `out` holds more than there is room for. */
  const addPlain = (text: string, out: number[]): void => {
    let word = ''
    const flush = (): void => {
      if (word !== '') for (const id of piecesOf(word)) out.push(id)
      word = ''
    }
    // Normal forms do not reach across white space, so each stretch is normalised by itself and only when it is needed.
    for (const [stretch] of text.matchAll(stretches)) {
      if (out.length > room) return
      if (ascii.test(stretch)) {
        addAscii(stretch, out)
        continue
      }
      for (const char of normalized(stretch)) {
        if (out.length > room) return
        if (isSpace(char)) flush()
        else if (isPunctuation(char)) {
          flush()
          for (const id of piecesOf(char)) out.push(id)
        } else word += char
      }
      flush()
    }
  }

  /** What the general way gives, several times as fast: in most texts nearly all is this. */
  const addAscii = (stretch: string, out: number[]): void => {
    for (const [word] of (normalizer.lowercase ? stretch.toLowerCase() : stretch).matchAll(asciiWords)) {
      if (out.length > room) return
      for (const id of piecesOf(word)) out.push(id)
    }
  }

  function* normalized(stretch: string): Iterable<string> {
    const cleaned = normalizer.clean_text ? stretch.replace(dropped, '') : stretch
    const spaced = normalizer.handle_chinese_chars ? cleaned.replace(chinese, ' $& ') : cleaned
    for (const char of stripAccents ? spaced.normalize('NFD') : spaced) {
      if (stripAccents && nonspacing.test(char)) continue
      // One character may become several ('İ').
      if (normalizer.lowercase) yield* char.toLowerCase()
      else yield char
    }
  }

  return ok({
    encode: (text) => {
      const ids: number[] = []
      let at = 0
      for (const match of text.matchAll(specials)) {
        addPlain(text.slice(at, match.index), ids)
        if (ids.length > room) break
        ids.push(special.get(match[0])!)
        at = match.index + match[0].length
      }
      if (ids.length <= room) addPlain(text.slice(at), ids)
      const truncated = ids.length > room
      return { ids: Int32Array.of(cls, ...ids.slice(0, room), sep), truncated }
    },
  })
}

const escape = (literal: string): string => literal.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')

/** Runs without white space; the vertical tab, the form feed and the next line are control characters first, and those are dropped. */
const stretches = /(?:\P{White_Space}|[\v\f\x85])+/gu
const ascii = /^[!-~]+$/
/** All that ASCII has beside letters and digits is punctuation here, each a word. */
const asciiWords = /[0-9A-Za-z]+|[^0-9A-Za-z]/g
/** Control, format, private characters and the replacement character. */
const dropped = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\uFFFD]/gu
const nonspacing = /^\p{Mn}$/u
/** The blocks of BERT's own list; the last but two with the Rust tokenizer's upper and lower ends. */
const chinese =
  /[\u4E00-\u9FFF\u3400-\u4DBF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\uF900-\uFAFF\u{2F800}-\u{2FA1F}]/gu
const space = /^\p{White_Space}$/u
const punctuation = /^[\p{P}$+<=>^`|~]$/u

const isSpace = (char: string): boolean => (char <= ' ' || char > '~') && space.test(char)
const isPunctuation = (char: string): boolean => !(char >= 'a' && char <= 'z') && punctuation.test(char)
