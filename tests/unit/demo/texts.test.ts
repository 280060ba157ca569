import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { defaultQuery } from '../../../scripts/demo/default-query.ts'
import { readTexts } from '../../../scripts/demo/texts.ts'

const folder = mkdtempSync(join(tmpdir(), 'edge-net-texts-'))
afterAll(() => rmSync(folder, { recursive: true }))
const fileOf = (content: string | Uint8Array): string => {
  const file = join(folder, 'texts')
  writeFileSync(file, content)
  return file
}

test('lines are named by their number, JSONL by its ids', () => {
  expect(readTexts(fileOf('one\ntwo\n'))).toEqual({ texts: ['one', 'two'], ids: ['1', '2'] })
  expect(readTexts(fileOf('{"id":"a","text":"one"}\n{"text":"two"}\n'))).toEqual({ texts: ['one', 'two'], ids: ['a', '2'] })
})

test.each<[string, string | Uint8Array, string]>([
  ['nothing in it', '', 'there is no text in it'],
  ['a blank line', 'one\n\nthree\n', 'line 2 is blank'],
  ['no UTF-8', Uint8Array.of(0x61, 0x0a, 0xff, 0x0a), 'line 2 is not UTF-8'],
  ['a line of ten megabytes', `one\n${'a'.repeat(10 << 20)}\n`, 'line 2 has 10485760 bytes'],
  ['broken JSON', '{"text":"one"}\n{"text":\n', 'line 2 is not a JSON object'],
  ['JSON without text', '{"text":"one"}\n{"id":"b"}\n', 'line 2 has no "text"'],
  ['an id that is none', '{"text":"one","id":null}\n', 'line 1 has an "id"'],
])('%s', (_, content, message) => {
  expect(() => readTexts(fileOf(content))).toThrow(message)
})

test('a file that is not there', () => {
  expect(() => readTexts(join(folder, 'nowhere'))).toThrow(/nowhere: cannot be read \(ENOENT\)/)
})

test('its own texts: many, all different, with a question that some of them answer', () => {
  const { texts } = readTexts('scripts/demo/texts.txt')
  expect(texts.length).toBeGreaterThanOrEqual(200)
  expect(new Set(texts).size).toBe(texts.length)
  expect(defaultQuery).toMatch(/bread/)
})
