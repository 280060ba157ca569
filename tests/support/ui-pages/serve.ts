/** Builds the interface's pages, without the rest of the extension, and serves them on loopback under the extension's own policy. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize, resolve } from 'node:path'
import react from '@vitejs/plugin-react'
import { build } from 'vite'

export const pages = ['popup', 'dashboard', 'onboarding'] as const
export type PageName = (typeof pages)[number]

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
}
const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data:; base-uri 'none'; form-action 'none'"

export interface ServedPages {
  readonly url: string
  /** To be run in every page before its own scripts. */
  readonly fakeExtension: string
  readonly close: () => Promise<void>
}

export const servePages = async (outDir = resolve('.cache/ui-pages')): Promise<ServedPages> => {
  await build({
    configFile: false,
    logLevel: 'error',
    root: resolve('entrypoints'),
    publicDir: false,
    plugins: [react()],
    build: {
      outDir,
      emptyOutDir: true,
      rollupOptions: { input: Object.fromEntries(pages.map((page) => [page, resolve(`entrypoints/${page}/index.html`)])) },
    },
  })
  const fakeDir = `${outDir}-fake`
  await build({
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    build: {
      outDir: fakeDir,
      minify: false,
      lib: { entry: resolve('tests/support/ui-pages/fake-extension.ts'), formats: ['iife'], name: 'fake', fileName: () => 'fake.js' },
    },
  })

  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname)
    const page = pages.find((name) => path === `/${name}.html`)
    const file = page ? join(outDir, page, 'index.html') : path.startsWith('/icons/') ? join(resolve('public'), path) : join(outDir, path)
    readFile(file).then(
      (body) =>
        response
          .writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream', 'content-security-policy': policy })
          .end(body),
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fakeExtension: await readFile(join(fakeDir, 'fake.js'), 'utf8'),
    close: () => new Promise((done) => server.close(() => done())),
  }
}
