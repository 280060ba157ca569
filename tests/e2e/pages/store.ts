import { createIndexedDbStore } from '../../../src/browser/indexeddb/store.ts'
import { storeCases } from '../../contract/store-cases.ts'
import { runCases } from './run-cases.ts'

await runCases(
  storeCases.map(({ name, run }, index) => ({
    name,
    run: async () => {
      const database = `store-contract-${index}`
      let store = createIndexedDbStore(database)
      try {
        await run({
          store,
          reopen: async () => {
            await store.close()
            return (store = createIndexedDbStore(database))
          },
        })
      } finally {
        await store.close()
      }
    },
  })),
)
