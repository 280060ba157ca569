import { expect, test } from 'vitest'
import { sha256 as inUse } from '../../../src/lib/bytes.ts'
import { sha256 as inBrowsers } from '../../../src/lib/sha256.ts'
import { sha256 as inNode } from '../../../src/node/sha256.ts'

test('the hash of browsers and that of Node are one, and each digest is bytes of its own', () => {
  for (let length = 0; length < 200; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 255)
    for (const digest of [inBrowsers, inNode].map((sha256) => sha256(bytes))) {
      expect(digest).toEqual(inBrowsers(bytes))
      expect(digest.constructor).toBe(Uint8Array)
      expect(digest.buffer.byteLength).toBe(32)
    }
  }
  expect(inUse).toBe(inNode)
})
