import { createMemoryStore } from '../../src/lib/store.ts'
import { storeContract } from './store.ts'

storeContract('memory', async () => {
  const store = createMemoryStore()
  return { store, reopen: async () => createMemoryStore(store.snapshot()) }
})
