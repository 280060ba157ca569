/** What may be said on the command line of `edge-net relay`. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { isRelayUrl } from '../economy/link-codec.ts'
import { err, ok, type Result } from '../lib/result.ts'

export interface RelayOptions {
  readonly data: string
  /** Undefined: the one kept from the first start, else the first free one from 8787 on. */
  readonly port: number | undefined
  /** Folders with models in hub layout, besides the project's own. */
  readonly models: readonly string[]
  /** JSON files, each a model card to list in a new swarm's policy. */
  readonly modelCards: readonly string[]
  /** How others reach this relay, where a proxy with TLS stands before it. */
  readonly url: string | undefined
  readonly name: string | undefined
}

export type Command = { readonly type: 'help' } | { readonly type: 'relay'; readonly options: RelayOptions }

export const usage = `edge-net relay: a swarm's meeting point, witness, issuer and model mirror in one process

  npm run relay -- [options]

  --data DIR         where everything is kept (default: $XDG_DATA_HOME/edge-net/relay)
  --port N           port on 127.0.0.1 (default: the one of the first start; then 8787 or the next free one)
  --url URL          how others reach it: wss://relay.example, where a proxy adds TLS (default: ws://127.0.0.1:PORT)
  --name TEXT        name of the swarm, at the first start
  --models DIR       folder with models in hub layout to mirror; may be repeated (also: EDGE_NET_MODELS)
  --model-card FILE  JSON card of a model that the new swarm's policy shall list; may be repeated
  --help             this text

The first start makes a private swarm. The link by which one joins it is printed alone on a line of stdout, at every
start the same; the log goes to stderr.
`

const nameLengthMax = 80

export const parseCommand = (args: readonly string[], env: Readonly<Record<string, string | undefined>>): Result<Command, string> => {
  let parsed
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        data: { type: 'string' },
        port: { type: 'string' },
        url: { type: 'string' },
        name: { type: 'string' },
        models: { type: 'string', multiple: true },
        'model-card': { type: 'string', multiple: true },
      },
    })
  } catch (error) {
    return err((error as Error).message.split('. ')[0]!)
  }
  const { values, positionals } = parsed
  if (values.help) return ok({ type: 'help' })
  if (positionals[0] !== 'relay') return err(positionals[0] === undefined ? 'no command given' : `unknown command: ${positionals[0]}`)
  if (positionals[1] !== undefined) return err(`unexpected argument: ${positionals[1]}`)
  const port = values.port === undefined ? undefined : Number(values.port)
  if (port !== undefined && !(/^\d+$/.test(values.port!) && port >= 1 && port <= 65_535))
    return err(`--port: ${values.port} is no port number`)
  if (values.url !== undefined && !isRelayUrl(values.url))
    return err(`--url: ${values.url} is neither wss://host nor ws:// on loopback, without a path`)
  if (values.name !== undefined && (values.name.trim() === '' || values.name.length > nameLengthMax))
    return err(`--name: 1 to ${nameLengthMax} characters`)
  return ok({
    type: 'relay',
    options: {
      data: resolve(values.data ?? join(env.XDG_DATA_HOME || join(homedir(), '.local/share'), 'edge-net/relay')),
      port,
      models: [...(values.models ?? []), ...(env.EDGE_NET_MODELS ? [env.EDGE_NET_MODELS] : [])].map((folder) => resolve(folder)),
      modelCards: (values['model-card'] ?? []).map((file) => resolve(file)),
      url: values.url,
      name: values.name?.trim(),
    },
  })
}
