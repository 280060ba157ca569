import { describe, test } from 'vitest'
import { storeCases, type StoreHarness } from './store-cases.ts'

export const storeContract = (name: string, create: () => Promise<StoreHarness>): void => {
  describe(`store contract: ${name}`, () => {
    for (const { name: what, run } of storeCases) test(what, async () => run(await create()))
  })
}
