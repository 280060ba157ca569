/** The real relay as a process of its own, to be killed and started again under the browsers. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { killQuietly, onCleanup, temporaryFolder } from './cleanup.ts'

const startMsMax = 30_000
const logLinesMax = 200

export interface RelayProcess {
  /** The link by which one joins; the same after a restart. */
  readonly link: string
  readonly port: number
  readonly dataDir: string
  /** As `http://127.0.0.1:8787`. */
  readonly httpUrl: string
  /** The newest lines of its log, to be shown when a test fails. */
  readonly log: () => string
  readonly kill9: () => Promise<void>
  readonly stop: () => Promise<void>
  /** Starts it again on the same folder and port, after `kill9` or `stop`. */
  readonly restart: () => Promise<void>
  /** Stops it and removes its folder. */
  readonly close: () => Promise<void>
}

export interface RelayStart {
  readonly dataDir?: string
  readonly port?: number
  readonly args?: readonly string[]
}

export const startRelay = async (options: RelayStart = {}): Promise<RelayProcess> => {
  const folder = options.dataDir === undefined ? temporaryFolder('relay') : { path: options.dataDir, remove: async () => {} }
  const port = options.port ?? (await freePort())
  const log: string[] = []
  const note = (line: string) => {
    log.push(line)
    if (log.length > logLinesMax) log.shift()
  }
  let current: ChildProcess | undefined

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const child = current
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise<void>((done) => child.once('exit', () => done()))
    killQuietly(child.pid, signal)
    await gone
  }
  const start = (): Promise<string> => {
    // Node itself, not a wrapper around it: signals must reach the process that holds the data.
    const args = ['--import', 'tsx', 'src/node/main.ts', 'relay', '--data', folder.path, '--port', String(port), ...(options.args ?? [])]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    current = child
    createInterface({ input: child.stderr }).on('line', note)
    return new Promise((done, fail) => {
      const timer = setTimeout(() => fail(new Error(`the relay printed no link within ${startMsMax} ms\n${log.join('\n')}`)), startMsMax)
      createInterface({ input: child.stdout }).on('line', (line) => {
        note(line)
        if (!line.startsWith('edgenet:')) return
        clearTimeout(timer)
        done(line.trim())
      })
      child.once('exit', (code, signal) => {
        clearTimeout(timer)
        fail(new Error(`the relay ended (${code ?? signal}) before it printed its link\n${log.join('\n')}`))
      })
    })
  }

  const close = onCleanup(
    () => end('SIGTERM'),
    () => killQuietly(current?.exitCode === null && current.signalCode === null ? current.pid : undefined),
  )
  const link = await start()
  return {
    link,
    port,
    dataDir: folder.path,
    httpUrl: `http://127.0.0.1:${port}`,
    log: () => log.join('\n'),
    kill9: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    restart: async () => {
      await end('SIGTERM')
      const again = await start()
      if (again !== link) throw new Error(`the relay came back with another link: ${again}`)
    },
    close: async () => {
      await close()
      await folder.remove()
    },
  }
}

/** Of a swarm whose policy differs from the defaults, as `swarm create` takes it. */
export const startRelayOf = async (policy: readonly string[]): Promise<RelayProcess> => {
  const dataDir = join(temporaryFolder('swarm').path, 'data')
  const port = await freePort()
  const made = ['swarm', 'create', '--witnesses', '1', '--data', dataDir, '--port', String(port), ...policy]
  await promisify(execFile)(process.execPath, ['--import', 'tsx', 'src/node/main.ts', ...made])
  return startRelay({ dataDir, port, args: ['--witness', '1/1'] })
}

export const freePort = (): Promise<number> =>
  new Promise((done, fail) => {
    const server = createServer()
    server.once('error', fail)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (typeof address === 'object' && address ? done(address.port) : fail(new Error('no port'))))
    })
  })
