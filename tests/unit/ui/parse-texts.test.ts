import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../../src/lib/bytes.ts'
import { fileBytesMax, lineBytesMax, parseTexts, textsMax } from '../../../src/ui/parse-texts.ts'

const fault = (input: string | Uint8Array) => {
  const parsed = parseTexts(input)
  return parsed.ok ? 'no fault' : parsed.error
}
const value = (input: string | Uint8Array) => {
  const parsed = parseTexts(input)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  return parsed.value
}

describe('one text per line', () => {
  test('lines are texts, their numbers are ids', () => {
    expect(value('one\ntwo\nthree')).toEqual({ texts: ['one', 'two', 'three'], ids: ['1', '2', '3'] })
  })
  test('a line feed at the end begins no further line', () => {
    expect(value('one\ntwo\n').texts).toEqual(['one', 'two'])
  })
  test('byte-order mark and CRLF are no part of a text, other spaces are', () => {
    expect(value('\uFEFF one \r\ntwo\t\r\n').texts).toEqual([' one ', 'two\t'])
  })
  test('a blank line is named', () => {
    expect(fault('one\n\nthree')).toEqual({ type: 'blank-line', line: 2 })
    expect(fault('one\n \t\r\nthree')).toEqual({ type: 'blank-line', line: 2 })
    expect(fault('one\n\n')).toEqual({ type: 'blank-line', line: 2 })
  })
  test.each(['', '\uFEFF', '\n', ' \r\n\t\n'])('nothing but white space is empty (%j)', (input) => {
    expect(fault(input)).toEqual({ type: 'empty' })
  })
  test('invalid UTF-8 names its line', () => {
    expect(fault(new Uint8Array([...utf8('good\nbad '), 0xc3, 0x28, 0x0a]))).toEqual({ type: 'not-utf8', line: 2 })
    expect(fault(new Uint8Array([0xff, 0xfe, 0x61, 0x00]))).toEqual({ type: 'not-utf8', line: 1 })
  })
  test('half a surrogate pair has no UTF-8 form', () => {
    expect(fault('fine 😀\nhalf \ud83d')).toEqual({ type: 'not-utf8', line: 2 })
  })
  test('a line may be 1 MiB and no longer', () => {
    expect(value('x'.repeat(lineBytesMax)).texts).toHaveLength(1)
    expect(fault(`short\n${'x'.repeat(10_000_000)}`)).toEqual({ type: 'line-too-long', line: 2, bytes: 10_000_000, bytesMax: lineBytesMax })
  })
  test('20 000 texts and no more', () => {
    expect(value('x\n'.repeat(textsMax)).texts).toHaveLength(textsMax)
    expect(fault('x\n'.repeat(textsMax + 1))).toEqual({ type: 'too-many-texts', max: textsMax })
  })
  test('an oversize file is refused before it is read line by line', () => {
    expect(fault(new Uint8Array(fileBytesMax + 1))).toMatchObject({ type: 'file-too-large' })
  })
})

describe('JSONL', () => {
  test('text and optional id; a missing id is the line number', () => {
    expect(value('{"text":"one","id":"a"}\n{"text":"two"}\n{"text":"three","id":7,"more":true}')).toEqual({
      texts: ['one', 'two', 'three'],
      ids: ['a', '2', '7'],
    })
  })
  test('the first line decides: a later brace in plain text is text', () => {
    expect(value('plain\n{"text":"x"}').texts).toEqual(['plain', '{"text":"x"}'])
  })
  test.each([
    ['{"text":"a"}\nplain', { type: 'not-json', line: 2 }],
    ['{"text":"a"}\n["b"]', { type: 'not-json', line: 2 }],
    ['{"text":"a"}\nnull', { type: 'not-json', line: 2 }],
    ['{ this is no JSON', { type: 'not-json', line: 1 }],
    ['{"text":"a"}\n\n{"text":"b"}', { type: 'blank-line', line: 2 }],
    ['{"text":" "}', { type: 'blank-line', line: 1 }],
    ['{"id":"a"}', { type: 'no-text', line: 1 }],
    ['{"text":5}', { type: 'no-text', line: 1 }],
    ['{"text":"a","id":1.5}', { type: 'bad-id', line: 1 }],
    ['{"text":"a","id":null}', { type: 'bad-id', line: 1 }],
    ['{"text":"a","id":""}', { type: 'bad-id', line: 1 }],
    ['{"text":"\\ud83d"}', { type: 'not-utf8', line: 1 }],
  ])('%s', (input, error) => {
    expect(fault(input)).toEqual(error)
  })
})

const word = fc.string({ unit: 'grapheme', minLength: 1 }).filter((s) => s.trim() !== '' && !/[\r\n]/.test(s) && !/^\s*(\{|\uFEFF)/.test(s))

test('what is written as lines or as JSONL is read back', () => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), fc.constantFrom('\n', '\r\n'), (texts, end) => {
      expect(value(utf8(texts.join(end))).texts).toEqual(texts)
      expect(value(texts.map((text) => JSON.stringify({ text })).join(end)).texts).toEqual(texts)
    }),
  )
})

test('arbitrary bytes are texts or a fault, never an exception', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parseTexts(bytes)))
})
