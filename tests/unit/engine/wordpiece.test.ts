/** What the reference texts of tests/vectors do not show. */
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
