/** What the reference texts of tests/vectors do not show. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTokenizer } from '../../../src/engine/wordpiece.ts'

const tokenizerJson = (vocab: string): unknown =>
  JSON.parse(`{
    "added_tokens": [],
    "normalizer": { "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true },
    "pre_tokenizer": { "type": "BertPreTokenizer" },
    "model": { "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": ${vocab} }
  }`)
const config = { model_max_length: 16, cls_token: '[CLS]', sep_token: '[SEP]' }

test('words that objects use for themselves are words', () => {
  const vocab = '{ "[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "prototype": 3, "constructor": 4, "__proto__": 5, "tostring": 6 }'
  const made = createTokenizer(tokenizerJson(vocab), config, 16)
  if (!made.ok) throw new Error(made.error)
  expect([...made.value.encode('Prototype constructor toString valueOf').ids]).toEqual([1, 3, 4, 6, 0, 2])
})

test('a vocabulary that is none is refused', () => {
  expect(createTokenizer(tokenizerJson('{ "[UNK]": "zero" }'), config, 16).ok).toBe(false)
})

test('plain ASCII is cut as everything else is', () => {
  const read = (name: string): unknown => JSON.parse(readFileSync(`models/edge-net/mini/${name}`, 'utf8'))
  const made = createTokenizer(read('tokenizer.json'), read('tokenizer_config.json'), 64)
  if (!made.ok) throw new Error(made.error)
  const { encode } = made.value
  // A zero-width space is dropped, and takes a stretch off the short way.
  const longWay = (text: string): string => text.replaceAll(/\S+/g, (stretch) => `${stretch}\u200B`)
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 200 }), (text) => {
      expect(encode(text)).toEqual(encode(longWay(text)))
    }),
    { numRuns: 2_000 },
  )
  const long = 'x'.repeat(1_000_000)
  expect(encode(`a ${long} b`)).toEqual(encode(`a ${long}\u200B b`))
})
