/**
 * Makes tests/vectors/multipliers.json: the contribution multiplier in parts per million (format: README.md here).
 *
 *     npx tsx tests/vectors/multipliers.ts
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { contributionMultiplier } from '../../src/economy/multiplier.ts'
import { multiplierPpm } from '../../src/ledger/issuance.ts'

export const multipliersFile = 'tests/vectors/multipliers.json'

export interface MultiplierVectors {
  readonly valid: readonly {
    readonly hours?: number
    readonly xCpuSeconds: string
    readonly decayCpuSeconds: string
    readonly ppm: string
  }[]
  readonly invalid: readonly { readonly hours: string; readonly reason: string }[]
}

const secondsPerHour = 3600n
const million = 1_000_000n * secondsPerHour

const ofHours = [
  0, 1, 100_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 16_000_000, 16_012_735, 16_012_736, 16_999_999, 17_000_000,
]
/** Other D, the edges of the series, and x beyond any counter. */
const ofSeconds: readonly (readonly [x: bigint, decay: bigint])[] = [
  [1n, million],
  [0n, 1n],
  [1n, 1n],
  [16n, 1n],
  [17n, 1n],
  [1n, 3n],
  [86_399n, 86_400n],
  [17n * 86_400n - 1n, 86_400n],
  [2n ** 53n - 1n, 2n ** 53n - 1n],
  [2n ** 80n, million],
]

export const multiplierVectors = (): MultiplierVectors => {
  const vector = (x: bigint, decay: bigint) => ({
    xCpuSeconds: String(x),
    decayCpuSeconds: String(decay),
    ppm: String(multiplierPpm(x, decay)),
  })
  return {
    valid: [
      ...ofHours.map((hours) => ({ hours, ...vector(BigInt(hours) * secondsPerHour, million) })),
      ...ofSeconds.map(([x, decay]) => vector(x, decay)),
    ],
    invalid: [-1, -0.5, NaN, Infinity, -Infinity].map((hours) => {
      const refused = contributionMultiplier(hours)
      if (refused.ok) throw new Error(`${hours} hours are not refused`)
      return { hours: String(hours), reason: refused.error.reason }
    }),
  }
}

export const formatVectors = (vectors: MultiplierVectors): string => {
  const rows = (items: readonly object[]) => items.map((item) => `    ${JSON.stringify(item)}`).join(',\n')
  return `{\n  "valid": [\n${rows(vectors.valid)}\n  ],\n  "invalid": [\n${rows(vectors.invalid)}\n  ]\n}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(multipliersFile, formatVectors(multiplierVectors()))
