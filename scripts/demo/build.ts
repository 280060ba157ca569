/** Builds the extension as `npm run build:chrome` does; what the build says is shown where it fails. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { killQuietly, onCleanup } from '../../tests/e2e/harness/cleanup.ts'

/** Where `wxt build --mode liar` puts the dishonest worker. */
export const liarExtensionDir = resolve('.output/chrome-mv3-liar')

export const build = async ({ liar }: { readonly liar: boolean }): Promise<void> => {
  await wxt('build')
  if (liar) await wxt('build', '--mode', 'liar')
}

const wxtCommand = resolve('node_modules/wxt/bin/wxt.mjs')

const wxt = async (...args: readonly string[]): Promise<void> => {
  const child = spawn(process.execPath, [wxtCommand, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const kill = (): void => killQuietly(child.exitCode === null ? child.pid : undefined)
  const forget = onCleanup(kill, kill)
  const said: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => said.push(part))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  await forget()
  if (code !== 0) throw new Error(`the build failed (${code ?? signal})\n${Buffer.concat(said).toString()}`)
}
