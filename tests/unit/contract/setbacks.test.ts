import { expect, test } from 'vitest'
import { setbackFirstMs, setbackForgetMs, setbackMsMax } from '../../../src/contract/limits.ts'
import { createSetbacks } from '../../../src/contract/setbacks.ts'

/** From `now` on it is waited for so long. */
const waitOf = (setbacks: ReturnType<typeof createSetbacks>, now: number): number => {
  let [least, most] = [0, 2 * setbackMsMax]
  while (least < most) {
    const middle = Math.floor((least + most) / 2)
    if (setbacks.waits('w', now + middle)) least = middle + 1
    else most = middle
  }
  return least
}

test('each failure in a row doubles the wait, up to an hour and no further', () => {
  const setbacks = createSetbacks()
  const waits: number[] = []
  let now = 1_000_000
  for (let i = 0; i < 12; i++) {
    setbacks.failed('w', now)
    waits.push(waitOf(setbacks, now))
    now += waits.at(-1)!
  }
  expect(waits.slice(0, 4)).toEqual([1, 2, 4, 8].map((n) => n * setbackFirstMs))
  expect(waits.at(-1)).toBe(setbackMsMax)
  expect(setbacks.waits('other', now)).toBe(false)
})

test('a result that is accepted ends it, and so does time', () => {
  const setbacks = createSetbacks()
  for (let i = 0; i < 5; i++) setbacks.failed('w', 0)
  setbacks.succeeded('w')
  expect(setbacks.waits('w', 0)).toBe(false)
  setbacks.failed('w', 0)
  expect(waitOf(setbacks, 0)).toBe(setbackFirstMs)
  for (let i = 0; i < 20; i++) setbacks.failed('w', 0)
  const later = setbackMsMax + setbackForgetMs
  setbacks.failed('w', later)
  expect(waitOf(setbacks, later)).toBe(setbackFirstMs)
})
