import { afterAll, beforeAll, expect, test } from 'vitest'
import en from '../../../public/_locales/en/messages.json'
import { explain } from '../../../src/ui/error-text.ts'

const scope = globalThis as { browser?: unknown }
beforeAll(() => {
  const getMessage = (key: string, substitutions: string[] = []) =>
    key === 'language' ? 'en' : key in en ? `${key}(${substitutions.join(', ')})` : ''
  scope.browser = { i18n: { getMessage } }
})
afterAll(() => {
  delete scope.browser
})

test.each([
  [{ type: 'no-swarm', detail: '' }, 'error_no_swarm()', ''],
  [{ type: 'blank-line', detail: 'Line 3' }, 'error_blank_line()', 'Line 3'],
  [{ type: 'never-heard-of', detail: 'x' }, 'error_unknown(never-heard-of)', 'x'],
  [{ type: 'link', detail: '{"reason":"prefix","detail":"abc"}' }, 'error_link_prefix()', 'abc'],
  [{ type: 'link', detail: '{"reason":"damaged","detail":"abc"}' }, 'error_link()', 'abc'],
  [{ type: 'phrase', detail: '{"reason":"unknown-word","position":3,"word":"aple"}' }, 'error_phrase_unknown_word()', 'errorWord(3, aple)'],
  [
    { type: 'insufficient-credits', detail: '{"needMicro":150001,"availableMicro":9999}' },
    'error_insufficient_credits()',
    'errorNeed(0.16, <0.01)',
  ],
  [{ type: 'too-few-workers', detail: '{"found":1,"needed":3}' }, 'error_too_few_workers()', 'errorFound(1, 3)'],
  [
    { type: 'model-unreachable', detail: '{"model":"mini","tried":[{"url":"https://a","why":"404"},{"url":"https://b","why":"offline"}]}' },
    'error_model_unreachable()',
    'https://a: 404\nhttps://b: offline',
  ],
  [
    { type: 'wrong-hash', detail: `{"file":"a/b.onnx","expected":"${'0'.repeat(64)}","actual":"${'f'.repeat(64)}"}` },
    'error_wrong_hash()',
    'errorHash(a/b.onnx, 000000000000, ffffffffffff)',
  ],
  [{ type: 'sow-refused', detail: '{"error":"insufficient-credits"}' }, 'error_sow_refused()', 'error_insufficient_credits()'],
  [{ type: 'storage', detail: '{ not JSON' }, 'error_storage()', '{ not JSON'],
  [{ type: 'storage', detail: '{"message":"QuotaExceededError","odd":{"a":1}}' }, 'error_storage()', 'QuotaExceededError'],
])('%j', (error, text, more) => {
  expect(explain(error)).toEqual({ text, more })
})
