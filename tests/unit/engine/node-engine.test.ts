/** The engine that other tests put behind the port behaves as the port says. */
import { expect, test } from 'vitest'
import { mini } from '../../../src/tasks/models.ts'
import { createNodeEngine } from '../../support/node-engine.ts'

test('what is not listed, or is not the file that the card says, is a typed error', async () => {
  const engine = createNodeEngine([
    mini,
    { ...mini, name: 'other', files: mini.files.map((file) => ({ ...file, sha256: '0'.repeat(64) })) },
  ])
  expect(await engine.embed({ model: 'nothing', texts: ['a'] })).toEqual({ ok: false, error: { type: 'unknown-model', model: 'nothing' } })
  expect(await engine.prepare('other')).toMatchObject({ ok: false, error: { type: 'wrong-hash', file: 'edge-net/mini/config.json' } })
  expect(engine.models().map(({ state }) => state)).toEqual(['absent', 'failed'])
})

test('models, classes and tokens after loading; a cut text is named', async () => {
  const engine = createNodeEngine()
  let changes = 0
  engine.onChange(() => changes++)
  expect(engine.classes()).toEqual([])
  expect(await engine.countTokens('mini', ['', 'hello', 'bread '.repeat(300)])).toEqual({ ok: true, value: [2, 4, 256] })
  expect(engine.classes()).toEqual([{ model: 'mini', resultClass: '3d7a7eec550e8039/q8/wasm/ort-1.30.0' }])
  expect(changes).toBe(1)
  expect(await engine.embed({ model: 'mini', texts: ['hello', 'bread '.repeat(300)] })).toMatchObject({
    ok: true,
    value: { truncated: [1] },
  })
})

test('a share of nothing stops between two texts until it rises; a signal ends the waiting', async () => {
  const engine = createNodeEngine()
  await engine.prepare('mini')
  const done: number[] = []
  const stop = new AbortController()
  const onProgress = (texts: number): void => {
    done.push(texts)
    if (texts === 1) engine.setShare(0)
  }
  const work = engine.embed({ model: 'mini', texts: ['one', 'two', 'three'], onProgress })
  const alsoStopped = engine.embed({ model: 'mini', texts: ['one', 'two'], signal: stop.signal })
  await expect.poll(() => done).toEqual([1])
  stop.abort()
  expect(await alsoStopped).toEqual({ ok: false, error: { type: 'aborted' } })
  expect(done).toEqual([1])
  engine.setShare(1)
  expect(await work).toMatchObject({ ok: true })
  expect(done).toEqual([1, 2, 3])
})
