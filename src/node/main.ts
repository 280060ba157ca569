/** The command line: reads the environment, starts what was asked for, ends it cleanly on a signal. */
import { parseCommand, usage } from './options.ts'
import { runRelay } from './relay.ts'

const log = (line: string): void => console.error(line)
const fail = (line: string, code: number): never => {
  log(`edge-net: ${line}`)
  process.exit(code)
}

// The data folder holds keys: what is made in it is its owner's alone.
process.umask(0o077)
const command = parseCommand(process.argv.slice(2), process.env)
if (!command.ok) fail(`${command.error}. Try --help.`, 2)
else if (command.value.type === 'help') process.stdout.write(usage)
else {
  const { options } = command.value
  const relay = await runRelay(options, log)
  if (!relay.ok) fail(relay.error, 1)
  else {
    let closing = false
    const close = (): void => {
      if (closing) return
      closing = true
      void relay.value.close().then(() => process.exit(0))
    }
    process.on('SIGINT', close)
    process.on('SIGTERM', close)
    log(`relay on 127.0.0.1:${relay.value.port}, data in ${options.data}`)
    log('join with this link:')
    process.stdout.write(`${relay.value.link}\n`)
  }
}
