import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { include: ['tests/{unit,contract,vectors,sim}/**/*.test.ts', 'tests/*.test.ts'], testTimeout: 180_000 },
})
