/** Draws public/icons/*.png from public/icons/icon.svg: as it is, grey for off, with a glowing heart for working. Run by hand. */
import { readFileSync } from 'node:fs'
import { chromium } from 'playwright'
import { chromiumArgs, findBrowsers } from './find-browsers.mjs'

const svg = readFileSync('public/icons/icon.svg', 'utf8')
const variants = {
  '': svg,
  'off-': svg.replaceAll('#0f766a', '#7a8581').replaceAll('#d5f3ec', '#eef1f0'),
  'working-': svg.replaceAll('fill="#fff"', 'fill="#ffd479"').replaceAll('#d5f3ec', '#ffe9bd'),
}

const browser = await chromium.launch({ executablePath: (await findBrowsers(['chromium'])).chromium, args: [...chromiumArgs] })
const page = await browser.newPage()
for (const [name, drawing] of Object.entries(variants))
  for (const size of [16, 32, 48, 128]) {
    await page.setViewportSize({ width: size, height: size })
    // The store's guidelines leave an eighth of room around 128; in the toolbar every pixel counts.
    const viewBox = size === 128 ? '-10 -10 148 148' : '4 -2 120 132'
    await page.setContent(`<style>html,body{margin:0}svg{display:block}</style>${drawing.replace('0 0 128 128', `${viewBox}" width="${size}" height="${size}`)}`)
    await page.screenshot({ path: `public/icons/${name}${size}.png`, omitBackground: true })
  }
await browser.close()
