/**
 * Finds a Chromium and a Firefox for demo, tests and benchmarks, and fetches what is missing:
 * CHROME_PATH / FIREFOX_PATH, then system paths, then apt-get (as root on Debian or Ubuntu), then Playwright's Chromium or
 * Puppeteer's Firefox; else it says what was tried. Branded Chrome is left out: it no longer loads extensions from the
 * command line. Snaps are left out: they cannot read profiles in temporary folders.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const require = createRequire(import.meta.url)
const isRoot = process.getuid?.() === 0
const wrapperBytesMax = 64 * 1024
/** Beside node_modules, so that a clone can be thrown away whole. */
const cacheDir = join(dirname(dirname(fileURLToPath(import.meta.url))), '.cache', 'browsers')
const log = (text) => process.stderr.write(`${text}\n`)

const programFiles = [process.env['PROGRAMFILES'], process.env['PROGRAMFILES(X86)'], process.env['LOCALAPPDATA']].filter(Boolean)

const kinds = {
  chromium: {
    env: 'CHROME_PATH',
    paths: [
      '/usr/bin/chromium',
      '/usr/bin/chromium-browser',
      '/usr/lib/chromium/chromium',
      '/usr/lib64/chromium-browser/chromium-browser',
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
      join(homedir(), 'Applications/Chromium.app/Contents/MacOS/Chromium'),
      ...programFiles.map((dir) => join(dir, 'Chromium/Application/chrome.exe')),
    ],
    packages: ['chromium'],
    download: downloadChromium,
  },
  firefox: {
    env: 'FIREFOX_PATH',
    paths: [
      '/usr/bin/firefox-esr',
      '/usr/bin/firefox',
      '/usr/lib/firefox-esr/firefox-esr',
      '/Applications/Firefox.app/Contents/MacOS/firefox',
      join(homedir(), 'Applications/Firefox.app/Contents/MacOS/firefox'),
      ...programFiles.map((dir) => join(dir, 'Mozilla Firefox/firefox.exe')),
    ],
    packages: ['firefox-esr', 'firefox'],
    download: downloadFirefox,
  },
}

/** Paths of the asked-for browsers, `{ chromium?, firefox? }`; throws with all that was tried when one cannot be had. */
export async function findBrowsers(wanted = ['chromium', 'firefox']) {
  const found = {}
  for (const kind of wanted) found[kind] = await findBrowser(kind)
  return found
}

/** What Chromium needs to start here: its sandbox refuses to work for root. */
export const chromiumArgs = isRoot ? ['--no-sandbox'] : []

async function findBrowser(kind) {
  const { env, paths, packages, download } = kinds[kind]
  const given = process.env[env]
  if (given) {
    if (!existsSync(given)) throw new Error(`${env} names ${given}, which does not exist`)
    return resolve(given)
  }
  const installed = paths.find(isUsable)
  if (installed) return installed
  const tried = [`none at ${paths.join(', ')}`]
  for (const step of [() => aptInstall(packages, paths), download]) {
    try {
      const path = await step()
      if (path) return path
    } catch (error) {
      tried.push(error instanceof Error ? error.message : String(error))
    }
  }
  throw new Error(`No ${kind} here.\n  ${tried.join('\n  ')}\nInstall one, or name it by the environment variable ${env}.`)
}

function isUsable(path) {
  if (!existsSync(path) || realpathSync(path).startsWith('/snap/')) return false
  return statSync(path).size > wrapperBytesMax || !readFileSync(path, 'latin1').includes('/snap/')
}

function aptInstall(packages, paths) {
  if (process.platform !== 'linux' || !isRoot || !existsSync('/etc/debian_version')) return undefined
  const apt = (...args) =>
    spawnSync('apt-get', args, { stdio: ['ignore', 2, 2], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }).status === 0
  log(`installing ${packages[0]} (apt-get)…`)
  // Lists may be absent or old; an unreachable third-party list must not stop the installation.
  apt('update', '-q')
  for (const name of packages) {
    if (!apt('install', '-y', '-q', '--no-install-recommends', name)) continue
    const path = paths.find(isUsable)
    if (path) return path
  }
  throw new Error(`apt-get installed none of ${packages.join(', ')}`)
}

function downloadChromium() {
  const cli = join(dirname(require.resolve('playwright-core/package.json')), 'cli.js')
  log('downloading Chromium (playwright)…')
  const args = [cli, 'install', ...(isRoot && process.platform === 'linux' ? ['--with-deps'] : []), '--no-shell', 'chromium']
  const env = { ...process.env, PLAYWRIGHT_BROWSERS_PATH: cacheDir }
  if (spawnSync(process.execPath, args, { stdio: ['ignore', 2, 2], env }).status !== 0)
    throw new Error('playwright could not download Chromium')
  const where = spawnSync(
    process.execPath,
    ['-p', `require(${JSON.stringify(require.resolve('playwright-core'))}).chromium.executablePath()`],
    { env },
  )
  const path = where.stdout.toString().trim()
  if (!existsSync(path)) throw new Error(`playwright left no Chromium at ${path}`)
  return path
}

async function downloadFirefox() {
  const { Browser, detectBrowserPlatform, getInstalledBrowsers, install, resolveBuildId } = await import('@puppeteer/browsers')
  const [here] = (await getInstalledBrowsers({ cacheDir })).filter(({ browser }) => browser === Browser.FIREFOX)
  if (here) return here.executablePath
  const platform = detectBrowserPlatform()
  log('downloading Firefox (puppeteer)…')
  const buildId = await resolveBuildId(Browser.FIREFOX, platform, 'esr')
  const { executablePath } = await install({ browser: Browser.FIREFOX, buildId, platform, cacheDir })
  if (!existsSync(executablePath)) throw new Error(`puppeteer left no Firefox at ${executablePath}`)
  return executablePath
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    console.log(JSON.stringify(await findBrowsers(process.argv.length > 2 ? process.argv.slice(2) : undefined), null, 2))
  } catch (error) {
    log(error.message)
    process.exitCode = 1
  }
}
