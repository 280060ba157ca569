/** The command line, whole: starts what was asked for, says what went wrong, ends cleanly on a signal. */
import { systemClock } from '../crypto/clock.ts'
import { systemRandom } from '../crypto/random.ts'
import type { Result } from '../lib/result.ts'
import { modelCards } from '../tasks/models.ts'
import { readCards, withCards } from './model-cards.ts'
import { askOfIssuer, closeAccount, giveNotice } from './founder-command.ts'
import type { NoticeOptions } from './founder-options.ts'
import { parseCommand, type RelayOptions, type SwarmCreateOptions, usage } from './options.ts'
import { describeSuccession, readPredecessor } from './predecessor.ts'
import { type RelayParts, runRelay } from './relay.ts'
import { createSwarm } from './swarm-create.ts'

const deps = { random: systemRandom, clock: systemClock }
const log = (line: string): void => console.error(line)
const fail = (line: string, code: number): never => {
  log(`edge-net: ${line}`)
  process.exit(code)
}

/** `parts`: other than the honest ones, for tests; nothing on the command line leads there. */
export const runCommandLine = async (args: readonly string[], parts: RelayParts = {}): Promise<void> => {
  // The data folder holds keys: what is made in it is its owner's alone.
  process.umask(0o077)
  const command = parseCommand(args, process.env)
  if (!command.ok) return fail(`${command.error}. Try --help.`, 2)
  switch (command.value.type) {
    case 'help':
      return void process.stdout.write(usage)
    case 'relay':
      return relay(command.value.options, parts)
    case 'swarm-create':
      return swarmCreate(command.value.options)
    case 'verdict-close':
      return print(await closeAccount(deps, command.value.options))
    case 'notice':
      return notice(command.value.options)
    case 'invite':
      return print(await askOfIssuer(deps, command.value.options.data, command.value.options.order))
  }
}

const relay = async (options: RelayOptions, parts: RelayParts): Promise<void> => {
  const started = await runRelay(options, log, parts)
  if (!started.ok) return fail(started.error, 1)
  let closing = false
  const close = (): void => {
    if (closing) return
    closing = true
    void started.value.close().then(() => process.exit(0))
  }
  process.on('SIGINT', close)
  process.on('SIGTERM', close)
  log(`relay on 127.0.0.1:${started.value.port}, data in ${started.value.data}`)
  log('join with this link:')
  process.stdout.write(`${started.value.link}\n`)
}

const swarmCreate = async (options: SwarmCreateOptions): Promise<void> => {
  const cards = await readCards(options.modelCards)
  if (!cards.ok) return fail(cards.error, 1)
  const before = options.succeeds === undefined ? undefined : await readPredecessor(options.succeeds)
  if (before && !before.ok) return fail(before.error, 1)
  const link = await createSwarm(deps, options, withCards(modelCards, cards.value), before?.value)
  if (!link.ok) return fail(link.error, 1)
  const { data, witnesses } = options
  log(`${data}: take each witness-i folder to the machine of its relay and start it there with --witness i/${witnesses}.`)
  log('founder.key is needed by none of them: keep it where nobody else reads it.')
  for (const line of before ? describeSuccession(before.value) : []) log(line)
  log('join with this link, once they run:')
  process.stdout.write(`${link.value}\n`)
}

const notice = async ({ data, change, modelCards: files, take }: NoticeOptions): Promise<void> => {
  const cards = await readCards(files)
  if (!cards.ok) return fail(cards.error, 1)
  const models = cards.value.length > 0 ? { models: cards.value } : {}
  return print(await giveNotice(deps, data, take !== undefined ? { take } : change ? { change: { ...change, ...models } } : { show: true }))
}

const print = (done: Result<readonly string[], string>): void => {
  if (!done.ok) return fail(done.error, 1)
  process.stdout.write(done.value.map((line) => `${line}\n`).join(''))
}
