/**
 * Writes THIRD-PARTY-NOTICES: the licence of every production package that may be bundled into the extension, of
 * onnxruntime's WebAssembly and of AssemblyScript's runtime. The build fails when it bundles a package not named there.
 * With --check nothing is written; the exit status says whether the file is what it would be.
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const file = 'THIRD-PARTY-NOTICES'
/** Run by Node only (the relay): they come by npm with their own licences. */
const nodeOnly = new Set(['bittorrent-tracker', 'classic-level', 'ws'])
/** Compiled into the kernels although a development dependency. */
const alsoShipped = ['assemblyscript']

const own = JSON.parse(readFileSync('package.json', 'utf8'))
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages

/** Where Node finds `name` from the package at `from`, as keys of the lockfile. */
const locate = (name, from) => {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const key = `${at}${at ? '/' : ''}node_modules/${name}`
    if (lock[key]) return key
    if (at === '') return undefined
  }
}

const found = new Set()
const visit = (key) => {
  // Types leave no code behind.
  if (key === undefined || found.has(key) || key.includes('node_modules/@types/')) return
  found.add(key)
  for (const name of Object.keys(lock[key].dependencies ?? {})) visit(locate(name, key))
}
for (const name of Object.keys(own.dependencies)) if (!nodeOnly.has(name)) visit(locate(name, ''))
for (const name of alsoShipped) found.add(locate(name, ''))

const licenceText = (key) => {
  const texts = readdirSync(key)
    .filter((f) => /^(licen[cs]e|copying|notice)/i.test(f))
    .sort()
    .map((f) => readFileSync(join(key, f), 'utf8').replace(/\r\n/g, '\n').trim())
  return texts.length > 0 ? texts.join('\n\n') : undefined
}

const mit = (holder) => `MIT License

Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.`

const isc = (holder) => `ISC License

Copyright (c) ${holder}

Permission to use, copy, modify, and/or distribute this software for any
purpose with or without fee is hereby granted, provided that the above
copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH
REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY
AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,
INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM
LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR
OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR
PERFORMANCE OF THIS SOFTWARE.`

/** For packages that name their licence but carry no file of it. */
const textOf = { MIT: mit, ISC: isc }
const holders = { 'onnxruntime-web': 'Microsoft Corporation', 'onnxruntime-common': 'Microsoft Corporation' }

const sections = [...found]
  .map((key) => ({ key, name: key.slice(key.lastIndexOf('node_modules/') + 'node_modules/'.length), ...lock[key] }))
  .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.version < b.version ? -1 : 1))
  .map(({ key, name, version, license }) => {
    const { author } = JSON.parse(readFileSync(join(key, 'package.json'), 'utf8'))
    const by = typeof author === 'string' ? author : author?.name
    const text = licenceText(key) ?? textOf[license]?.(holders[name] ?? by ?? `the authors of ${name}`)
    if (text === undefined) throw new Error(`no licence text for ${name} (${license})`)
    return `## ${name} ${version} (${license})\n\n${text}\n`
  })

const text = [
  '# Third-party notices\n',
  'The packages of this extension contain code of the following packages, under the licences given here.',
  "The model in models/edge-net/mini has its licence beside it. onnxruntime's WebAssembly contains further libraries, listed with",
  `their licences in https://github.com/microsoft/onnxruntime/blob/v${own.dependencies['onnxruntime-web']}/ThirdPartyNotices.txt\n`,
  ...sections,
].join('\n')

if (process.argv.includes('--check')) {
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    console.error(`${file} is not what scripts/notices.mjs writes: run it`)
    process.exit(1)
  }
} else writeFileSync(file, text)
