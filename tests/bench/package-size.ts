/** `size.package`: the packages that `npm run zip` left. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Figure } from './figure.ts'

const output = '.output'

export const benchPackageSize = async (): Promise<readonly Figure[]> => {
  const zips = (existsSync(output) ? readdirSync(output) : []).flatMap((file) => {
    const browser = /-(chrome|firefox)\.zip$/.exec(file)?.[1]
    return browser === undefined ? [] : [{ file, browser }]
  })
  if (zips.length === 0) console.error('size.package: skipped, no packages are there (npm run zip)')
  return zips.map(({ file, browser }) => ({
    name: 'size.package',
    value: statSync(join(output, file)).size,
    unit: `bytes ${browser}`,
    n: 1,
  }))
}
