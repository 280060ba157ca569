import { defineConfig } from '@playwright/test'

export default defineConfig({
  testDir: '.',
  testMatch: '**/*.e2e.ts',
  outputDir: '../../test-results',
  // Whole browsers on small machines: one test at a time, and time for a cold start.
  workers: 1,
  fullyParallel: false,
  timeout: 120_000,
  expect: { timeout: 30_000 },
  forbidOnly: true,
  // Four browsers on two cores: what passes only the second time is told as such.
  retries: 1,
})
