import { expect, test } from 'vitest'
import { copyText } from '../../../src/ui/copy-text.ts'

test('tells whether it was copied, also where the clipboard refuses, breaks or is none', async () => {
  const written: string[] = []
  expect(await copyText('link', { writeText: async (text) => void written.push(text) })).toBe(true)
  expect(written).toEqual(['link'])
  expect(await copyText('link', { writeText: () => Promise.reject(new DOMException('Write permission denied.', 'NotAllowedError')) })).toBe(
    false,
  )
  const broken = (): Promise<void> => {
    throw new TypeError('no')
  }
  expect(await copyText('link', { writeText: broken })).toBe(false)
  expect(await copyText('link', undefined)).toBe(false)
})
