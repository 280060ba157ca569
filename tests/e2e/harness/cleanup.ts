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

/** A browser that does not close in this time is killed. */
const closeMsMax = 10_000

const open = new Set<Undo>()
let hooked = false

/** Registers how to undo something; the returned function undoes it now. */
export const onCleanup = (gently: () => Promise<void> | void, atExit: () => void = () => {}): (() => Promise<void>) => {
  hook()
  const undo: Undo = { gently: async () => gently(), atExit }
  open.add(undo)
  return () => (open.has(undo) ? undoNow(undo) : Promise.resolve())
}

/** Until it is undone it stays registered: the process may be told to end meanwhile. */
const undoNow = async (undo: Undo): Promise<void> => {
  let timer
  const tooLong = new Promise<void>((done) => (timer = setTimeout(done, closeMsMax)))
  try {
    await Promise.race([undo.gently(), tooLong])
  } finally {
    clearTimeout(timer)
    undo.atExit()
    open.delete(undo)
  }
}

/** Undoes all that is still open, newest first, and what is opened meanwhile. */
export const cleanUp = async (): Promise<void> => {
  while (open.size > 0) for (const undo of [...open].reverse()) await undoNow(undo).catch(() => {})
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
  // Ctrl-C comes more than once: from the terminal, and again from each wrapper that passes it on (npm, tsx).
  let ending = false
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)
    process.on(signal, () => {
      if (ending) return
      ending = true
      void cleanUp().finally(() => process.exit(code))
    })
}
