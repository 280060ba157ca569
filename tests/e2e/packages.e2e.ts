/** What `npm run zip` ships: reproducible, small, with its licences, and without the switches of the test builds. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { unzip } from '../support/unzip.ts'
import { temporaryFolder } from './harness/cleanup.ts'
import { expect, test } from './harness/fixtures.ts'
import { chromeExtensionDir } from './harness/launch-chromium.ts'
import { firefoxExtensionDir } from './harness/launch-firefox.ts'

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
const zips = ['chrome', 'firefox', 'sources'].map((what) => `.output/edge-net-${version}-${what}.zip`)
/** The most that a browser's package may weigh. */
const zipBytesMax = 10 * 1024 * 1024

/** Builds into a folder of its own; returns where the extension lies. */
const buildApart = (browser: string, mode: string): string => {
  const { path } = temporaryFolder('rebuild')
  const options = JSON.stringify({ browser, mode, outDir: path })
  execFileSync(process.execPath, ['--input-type=module', '-e', `const { build } = await import('wxt'); await build(${options})`], {
    stdio: 'ignore',
  })
  return join(path, readdirSync(path)[0]!)
}
/** What the dishonest build says of itself (tests/support/liar), and no build that ships. */
const marker = 'edge-net dishonest worker'
const dishonestIn = (dir: string): string[] => filesOf(dir).filter((file) => readFileSync(join(dir, file)).includes(marker))

const filesOf = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((file) => statSync(join(dir, file)).isFile())
    .sort()
const hashes = (dir: string): Record<string, string> =>
  Object.fromEntries(
    filesOf(dir).map((file) => [
      file,
      createHash('sha256')
        .update(readFileSync(join(dir, file)))
        .digest('hex'),
    ]),
  )

test('both packages and the sources are there, and small', () => {
  for (const zip of zips) expect(existsSync(zip), zip).toBe(true)
  for (const zip of zips.slice(0, 2)) expect(statSync(zip).size, zip).toBeLessThan(zipBytesMax)
})

for (const [name, dir] of Object.entries({ chrome: chromeExtensionDir, firefox: firefoxExtensionDir })) {
  test(`${name}: licences are inside, test switches are not`, () => {
    const files = filesOf(dir)
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'THIRD-PARTY-NOTICES', join('models', 'edge-net', 'mini', 'LICENSE')]))
    expect(files.filter((file) => /\.map$|test-page|model\.onnx$/.test(file))).toEqual([])
    expect(dishonestIn(dir)).toEqual([])
  })

  test(`${name}: asks for no more than it uses`, () => {
    const manifest = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as Record<string, unknown>
    const expected = name === 'chrome' ? ['alarms', 'offscreen', 'storage', 'unlimitedStorage'] : ['unlimitedStorage']
    expect([...(manifest['permissions'] as string[])].sort()).toEqual(expected)
    for (const key of ['host_permissions', 'optional_permissions', 'content_scripts', 'web_accessible_resources', 'externally_connectable'])
      expect(manifest[key], key).toBeUndefined()
    expect(manifest['incognito']).toBe('not_allowed')
    expect(JSON.stringify(manifest['content_security_policy'])).not.toMatch(/'unsafe-eval'|'unsafe-inline'|\*[;"]\s*script/)
  })

  test(`${name}: two builds of one source are equal to the byte`, () => {
    expect(hashes(buildApart(name, 'production'))).toEqual(hashes(dir))
  })
}

test('the dishonest build differs, and the search for its switch would find it', () => {
  expect(dishonestIn(buildApart('chrome', 'liar'))).toHaveLength(1)
})

for (const zip of zips.slice(0, 2))
  test(`${zip}: holds the extension whole, and nothing of the dishonest worker`, () => {
    const files = unzip(readFileSync(zip))
    expect([...files.keys()]).toEqual(expect.arrayContaining(['manifest.json', 'agent.html', 'LICENSE', 'THIRD-PARTY-NOTICES']))
    expect([...files].filter(([, content]) => content.includes(marker)).map(([name]) => name)).toEqual([])
    expect([...files.keys()].filter((name) => /liar|dishonest/i.test(name))).toEqual([])
  })
