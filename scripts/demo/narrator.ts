/**
 * Tells a person what goes on: one line a step with the time it took. On a terminal the line of the step under way is
 * rewritten as it goes on; elsewhere (a file, a pipe) each step is one line, written when it is done.
 */

export interface Narrator {
  /** Runs a step, telling `doing` while it lasts and `done` after it. Gives back what the work did and how long it took. */
  readonly step: <T>(
    doing: string,
    work: (update: (text: string) => void) => Promise<T>,
    done: (value: T) => string,
  ) => Promise<{ readonly value: T; readonly ms: number }>
  readonly say: (line: string) => void
}

export interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly write: (text: string) => unknown
}

const columnsDefault = 80
const timeColumn = 66
const eraseLine = '\r\u001b[2K'

export const createNarrator = (out: Terminal, now: () => number): Narrator => {
  const show = (text: string): void => {
    if (out.isTTY) out.write(`${eraseLine}  … ${text.slice(0, (out.columns ?? columnsDefault) - 5)}`)
  }
  const line = (text: string): void => void out.write(`${out.isTTY ? eraseLine : ''}${text}\n`)
  return {
    step: async (doing, work, done) => {
      const beganMs = now()
      show(doing)
      try {
        const value = await work(show)
        const ms = now() - beganMs
        line(`  ✓ ${done(value).padEnd(timeColumn)} ${(ms / 1000).toFixed(1).padStart(6)} s`)
        return { value, ms }
      } catch (error) {
        line(`  ✗ ${doing}`)
        throw error
      }
    },
    say: line,
  }
}

const barWidth = 24

export const progressBar = (done: number, all: number): string => {
  const full = all === 0 ? 0 : Math.floor((barWidth * done) / all)
  return `${'█'.repeat(full)}${'░'.repeat(barWidth - full)}`
}
