/**
 * What harness and demo open (browsers, relays, profiles) is closed whatever happens: at the end, on failure, on Ctrl-C.
 * Processes are killed and folders removed even where nothing asynchronous runs any more.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Undo {
  readonly gently: () => Promise<void>
  readonly atExit: () => void
}

const open = new Set<Undo>()
let hooked = false

/** Registers how to undo something; the returned function undoes it now. */
export const onCleanup = (gently: () => Promise<void> | void, atExit: () => void = () => {}): (() => Promise<void>) => {
  hook()
  const undo: Undo = { gently: async () => gently(), atExit }
  open.add(undo)
  return async () => {
    if (!open.delete(undo)) return
    try {
      await undo.gently()
    } finally {
      undo.atExit()
    }
  }
}

/** Undoes all that is still open, newest first. */
export const cleanUp = async (): Promise<void> => {
  for (const undo of [...open].reverse()) {
    open.delete(undo)
    await undo.gently().catch(() => {})
    undo.atExit()
  }
}

export const temporaryFolder = (name: string): { readonly path: string; readonly remove: () => Promise<void> } => {
  const path = mkdtempSync(join(tmpdir(), `edge-net-${name}-`))
  // A browser's last children may still write while the folder goes: try again.
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  return { path, remove: onCleanup(remove, remove) }
}

export const killQuietly = (pid: number | undefined, signal: NodeJS.Signals = 'SIGKILL'): void => {
  if (pid === undefined) return
  try {
    process.kill(pid, signal)
  } catch {
    // Gone already, which is what was wanted.
  }
}

const hook = (): void => {
  if (hooked) return
  hooked = true
  process.on('exit', () => {
    for (const undo of [...open].reverse()) undo.atExit()
  })
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)
    process.once(signal, () => void cleanUp().finally(() => process.exit(code)))
}
