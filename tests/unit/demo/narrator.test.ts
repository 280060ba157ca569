import { expect, test } from 'vitest'
import { createNarrator, progressBar } from '../../../scripts/demo/narrator.ts'

const recorder = (isTTY: boolean) => {
  let written = ''
  let now = 0
  const out = { isTTY, columns: 40, write: (text: string) => (written += text) }
  return { narrator: createNarrator(out, () => now), written: () => written, pass: (ms: number) => (now += ms) }
}

test('a file gets one line a step, when it is done', async () => {
  const { narrator, written, pass } = recorder(false)
  const { value, ms } = await narrator.step(
    'counting',
    async (update) => {
      update('half of it')
      pass(2_340)
      return 42
    },
    (n) => `counted ${n}`,
  )
  expect([value, ms]).toEqual([42, 2_340])
  expect(written()).toMatch(/^ {2}✓ counted 42 +2\.3 s\n$/)
})

test('a terminal has the line of the step under way rewritten', async () => {
  const { narrator, written } = recorder(true)
  await narrator.step(
    'counting',
    async (update) => update(`half of it, ${'x'.repeat(100)}`),
    () => 'counted',
  )
  const lines = written().split('\r\u001b[2K')
  expect(lines.slice(0, 3).map((line) => line.slice(0, 14))).toEqual(['', '  … counting', '  … half of it'])
  // Never longer than the terminal is wide: what has wrapped cannot be rewritten.
  expect(lines.every((line) => line.startsWith('  ✓') || line.length < 40)).toBe(true)
  expect(written().match(/\n/g)).toHaveLength(1)
})

test('a step that fails is marked, and the failure passed on', async () => {
  const { narrator, written } = recorder(false)
  await expect(narrator.step('counting', () => Promise.reject(new Error('lost count')), String)).rejects.toThrow('lost count')
  expect(written()).toBe('  ✗ counting\n')
})

test('the bar is full when all is done, and never before', () => {
  expect(progressBar(0, 7)).not.toContain('█')
  expect(progressBar(6, 7)).toContain('░')
  expect(progressBar(7, 7)).not.toContain('░')
  expect(new Set([0, 1, 6, 7].map((n) => progressBar(n, 7).length)).size).toBe(1)
})
