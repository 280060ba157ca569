import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openClassicLevelStore } from '../../../src/node/classic-level-store.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edge-net-level-'))
})
afterEach(() => rm(folder, { recursive: true }))

const opened = async () => {
  const result = await openClassicLevelStore(folder)
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

test('a second opener is told that the folder is in use', async () => {
  const store = await opened()
  expect(await openClassicLevelStore(folder)).toEqual({ ok: false, error: { type: 'locked', folder } })
  await store.close()
  await (await opened()).close()
})

test('a damaged folder and one that is a file are told apart', async () => {
  await (await opened()).close()
  await writeFile(join(folder, 'CURRENT'), 'MANIFEST-none\n')
  expect(await openClassicLevelStore(folder)).toMatchObject({ ok: false, error: { type: 'damaged' } })
  const file = join(folder, 'file')
  await writeFile(file, '')
  expect(await openClassicLevelStore(file)).toMatchObject({ ok: false, error: { type: 'not-writable' } })
})

test.skipIf(process.getuid?.() === 0)('a folder that may not be written is told', async () => {
  await chmod(folder, 0o500)
  expect(await openClassicLevelStore(join(folder, 'data'))).toMatchObject({ ok: false, error: { type: 'not-writable' } })
  await chmod(folder, 0o700)
})

test('a closed store refuses as a value', async () => {
  const store = await opened()
  await store.close()
  expect(await store.commit([{ table: 't', key: 'k', value: 1 }])).toMatchObject({ ok: false, error: { type: 'storage' } })
})

test('keys sort by UTF-16 code unit, also beyond the basic plane', async () => {
  const store = await opened()
  const keys = ['\u{1f33e}', '\uffff', '\ue000', 'z', '\uffffa']
  await store.commit(keys.map((key) => ({ table: 't', key, value: key })))
  expect((await store.list('t')).map(([key]) => key)).toEqual([...keys].sort())
  expect((await store.list('t', { prefix: '\uffff' })).map(([key]) => key)).toEqual(['\uffff', '\uffffa'])
  await store.close()
  expect(await readdir(folder)).toContain('CURRENT')
})
