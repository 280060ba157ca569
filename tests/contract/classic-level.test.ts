import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import type { Store } from '../../src/lib/store.ts'
import { openClassicLevelStore } from '../../src/node/classic-level-store.ts'
import { storeContract } from './store.ts'

const undo: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const action of undo.splice(0).reverse()) await action()
})

storeContract('classic-level', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'edge-net-store-'))
  undo.push(() => rm(folder, { recursive: true }))
  const open = async (): Promise<Store> => {
    const opened = await openClassicLevelStore(folder)
    if (!opened.ok) throw new Error(opened.error.type)
    undo.push(() => opened.value.close())
    return opened.value
  }
  const store = await open()
  return {
    store,
    reopen: async () => {
      await store.close()
      return open()
    },
  }
})
