/** What may be said on the command line of `edge-net`. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { isRelayUrl } from '../economy/link-codec.ts'
import { microPerCredit, privateDefaults, publicDefaults, stampBitsMax } from '../economy/policy-codec.ts'
import type { Policy } from '../economy/policy.ts'
import { faultyMax, unlockMsDefault } from '../ledger/rules.ts'
import { type Bytes, fromHex } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { WitnessPlace } from './data-folder.ts'

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
  /** Undefined: the swarm's only one. */
  readonly witness: WitnessPlace | undefined
  /** Accounts that the issuer shall attest as sponsors, and as referrers. */
  readonly sponsors: readonly Bytes[]
  readonly referrers: readonly Bytes[]
}

export interface SwarmCreateOptions {
  readonly data: string
  /** 3f+1. */
  readonly witnesses: number
  readonly name: string
  /** One per witness, in their order; none: all on this machine, from `port` on. */
  readonly urls: readonly string[]
  /** Of the first, and where there are URLs of each. */
  readonly port: number
  readonly modelCards: readonly string[]
  /** What of the policy differs from the defaults of its kind. */
  readonly policy: { readonly kind: Policy['kind'] } & Partial<
    Pick<Policy, 'grantsMicro' | 'grantMicro' | 'stakeMicro' | 'unlockMs' | 'stampBits'>
  >
  /** What one epoch may issue, in µcr; undefined: the default of the kind. */
  readonly budgetMicro: number | undefined
}

export type Command =
  | { readonly type: 'help' }
  | { readonly type: 'relay'; readonly options: RelayOptions }
  | { readonly type: 'swarm-create'; readonly options: SwarmCreateOptions }

export const firstPort = 8787
export const defaultName = 'Edge-Net swarm'
/** The link by which one joins holds eight addresses, and 3f+1 of them are seven at most. */
const witnessesMax = 7

export const usage = `edge-net relay: a swarm's meeting point, witness, issuer and model mirror in one process

  npm run relay -- [options]

  --data DIR         where everything is kept (default: $XDG_DATA_HOME/edge-net/relay)
  --port N           port on 127.0.0.1 (default: the one of the first start; then 8787 or the next free one)
  --url URL          how others reach it: wss://relay.example, where a proxy adds TLS (default: ws://127.0.0.1:PORT)
  --name TEXT        name of the swarm, at the first start
  --models DIR       folder with models in hub layout to mirror; may be repeated (also: EDGE_NET_MODELS)
  --model-card FILE  JSON card of a model that the new swarm's policy shall list; may be repeated
  --witness I/N      the relay of witness I of a swarm that \`swarm create\` made in --data; opens DIR/witness-I only
  --sponsor KEY      account (64 hex digits, as /ledger.json shows it) whose paid tasks earn a bonus out of the budget; may be repeated
  --referrer KEY     account that gets a tenth of the bonus of those who name it when they join; may be repeated
  --help             this text

Sponsors and referrers are attested by the issuer, for good, and only in its own relay. The first start makes a private swarm. The link by which one joins it is printed alone on a line of stdout, at every
start the same; the log goes to stderr.

edge-net swarm create: a swarm with several witnesses, a relay each, of which a third may fail or lie

  npm run edge-net -- swarm create --witnesses N --data DIR [options]

  --witnesses N      1, 4 or 7: with 4 one may be away or lie, with 7 two
  --data DIR         a new folder: the signed policy, the founder's key, and a folder of keys per witness to take to its machine
  --url URL          how others reach a witness's relay: once per witness, in their order (default: all on this machine)
  --port N           port of the first relay, the others follow; with --url of each (default: ${firstPort})
  --name TEXT        name of the swarm
  --model-card FILE  JSON card of a model that the policy shall list; may be repeated
  --kind KIND        private: joined by secret link, members get a grant (default); public: joined by anyone, issues by the hour
  --budget CREDITS   what an hour may issue for sponsored work (default: private 0, public 10000000)
  --grants CREDITS   what all grants may sum to (default: private 50000, public 0)
  --grant CREDITS    what one use of the invite brings (default: private 500, public 0)
  --stake CREDITS    deposit below which a worker is on probation (default: private 0, public 100)
  --unlock SECONDS   how long a deposit stays within reach of a penalty once it is taken out (default: ${unlockMsDefault / 1_000})
  --stamp-bits N     work that a new account costs: 0 none, each more doubles it (default: private ${privateDefaults.stampBits}, public ${publicDefaults.stampBits})

The link by which one joins is printed alone on a line of stdout, as every relay of the swarm does.
`

const nameLengthMax = 80
/** Attested in one entry. */
const keysMax = 64

type Env = Readonly<Record<string, string | undefined>>

export const parseCommand = (args: readonly string[], env: Env): Result<Command, string> => {
  const parsed = parseWords(args)
  if (!parsed.ok) return parsed
  const { values, positionals } = parsed.value
  if (values.help) return ok({ type: 'help' })
  const [command, second, ...more] = positionals
  if (command === undefined) return err('no command given')
  const isSwarm = command === 'swarm' && second === 'create'
  if (command !== 'relay' && !isSwarm)
    return err(`unknown command: ${command === 'swarm' && second !== undefined ? `swarm ${second}` : command}`)
  const unexpected = isSwarm ? more[0] : second
  if (unexpected !== undefined) return err(`unexpected argument: ${unexpected}`)
  const fault = valueFault(values)
  if (fault !== undefined) return err(fault)
  return isSwarm ? swarmCreate(values) : relay(values, env)
}

const parseWords = (args: readonly string[]) => {
  try {
    return ok(
      parseArgs({
        args: [...args],
        allowPositionals: true,
        options: {
          help: { type: 'boolean', short: 'h' },
          data: { type: 'string' },
          port: { type: 'string' },
          url: { type: 'string', multiple: true },
          name: { type: 'string' },
          models: { type: 'string', multiple: true },
          'model-card': { type: 'string', multiple: true },
          witness: { type: 'string' },
          witnesses: { type: 'string' },
          sponsor: { type: 'string', multiple: true },
          referrer: { type: 'string', multiple: true },
          kind: { type: 'string' },
          budget: { type: 'string' },
          grants: { type: 'string' },
          grant: { type: 'string' },
          stake: { type: 'string' },
          unlock: { type: 'string' },
          'stamp-bits': { type: 'string' },
        },
      }),
    )
  } catch (error) {
    return err((error as Error).message.split('. ')[0]!)
  }
}
type Values = Extract<ReturnType<typeof parseWords>, { ok: true }>['value']['values']

/** What is wrong with a value, whatever the command. */
const valueFault = ({ port, url = [], name }: Values): string | undefined => {
  if (port !== undefined && !(/^\d+$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)) return `--port: ${port} is no port number`
  const bad = url.find((one) => !isRelayUrl(one))
  if (bad !== undefined) return `--url: ${bad} is neither wss://host nor ws:// on loopback, without a path`
  if (name !== undefined && (name.trim() === '' || name.length > nameLengthMax)) return `--name: 1 to ${nameLengthMax} characters`
  return undefined
}

const relay = (values: Values, env: Env): Result<Command, string> => {
  if (values.witnesses !== undefined) return err('--witnesses: belongs to `swarm create`; a relay is told its own with --witness I/N')
  const settledThere = (['kind', 'budget', 'grants', 'grant', 'stake', 'unlock', 'stamp-bits'] as const).find(
    (option) => values[option] !== undefined,
  )
  if (settledThere) return err(`--${settledThere}: belongs to \`swarm create\``)
  if ((values.url ?? []).length > 1) return err('--url: one address')
  const [sponsors, referrers] = [keysOf('sponsor', values.sponsor), keysOf('referrer', values.referrer)]
  if (!sponsors.ok) return sponsors
  if (!referrers.ok) return referrers
  const witness = values.witness === undefined ? ok(undefined) : placeOf(values.witness)
  if (!witness.ok) return witness
  if (witness.value) {
    if (values.data === undefined) return err('--witness: needs the folder of the swarm, --data DIR')
    const settled = (['url', 'name', 'model-card'] as const).find((option) => values[option] !== undefined)
    if (settled) return err(`--${settled}: was settled by \`swarm create\``)
  }
  return ok({
    type: 'relay',
    options: {
      data: resolve(values.data ?? join(env.XDG_DATA_HOME || join(homedir(), '.local/share'), 'edge-net/relay')),
      port: values.port === undefined ? undefined : Number(values.port),
      models: [...(values.models ?? []), ...(env.EDGE_NET_MODELS ? [env.EDGE_NET_MODELS] : [])].map((folder) => resolve(folder)),
      modelCards: (values['model-card'] ?? []).map((file) => resolve(file)),
      url: values.url?.[0],
      name: values.name?.trim(),
      witness: witness.value,
      sponsors: sponsors.value,
      referrers: referrers.value,
    },
  })
}

const placeOf = (text: string): Result<WitnessPlace, string> => {
  const [, place, of] = /^([1-9]\d?)\/([1-9]\d?)$/.exec(text) ?? []
  if (place === undefined || Number(place) > Number(of)) return err(`--witness: ${text} is not I/N, such as 1/4`)
  return ok({ place: Number(place), of: Number(of) })
}

const swarmCreate = (values: Values): Result<Command, string> => {
  const { witnesses = '', url: urls = [], data } = values
  const count = /^\d+$/.test(witnesses) ? Number(witnesses) : 0
  if (count < 1 || count !== 3 * faultyMax(count) + 1 || count > witnessesMax)
    return err(
      `--witnesses: ${witnesses === '' ? 'how many, 1, 4 or 7' : `${witnesses} is not 1, 4 or 7`} (3f+1, of which f may lie or be away)`,
    )
  if (data === undefined) return err('--data: the new folder of the swarm')
  const foreign = (['witness', 'models', 'sponsor', 'referrer'] as const).find((option) => values[option] !== undefined)
  if (foreign) return err(`--${foreign}: belongs to \`relay\``)
  if (urls.length > 0 && urls.length !== count) return err(`--url: ${urls.length} of them for ${count} witnesses, one for each`)
  if (new Set(urls).size !== urls.length) return err('--url: two witnesses with one address')
  const policy = policyOf(values)
  if (!policy.ok) return policy
  const port = Number(values.port ?? firstPort)
  if (urls.length === 0 && port + count - 1 > 65_535) return err(`--port: ${count} ports from ${port} on end beyond 65535`)
  return ok({
    type: 'swarm-create',
    options: {
      data: resolve(data),
      witnesses: count,
      name: values.name?.trim() ?? defaultName,
      urls,
      port,
      modelCards: (values['model-card'] ?? []).map((file) => resolve(file)),
      ...policy.value,
    },
  })
}

const policyOf = (values: Values): Result<Pick<SwarmCreateOptions, 'policy' | 'budgetMicro'>, string> => {
  const { kind = 'private', unlock, 'stamp-bits': bits } = values
  if (kind !== 'private' && kind !== 'public') return err(`--kind: ${kind} is neither private nor public`)
  const amounts: Partial<Record<'budget' | 'grants' | 'grant' | 'stake', number>> = {}
  for (const option of ['budget', 'grants', 'grant', 'stake'] as const) {
    const given = values[option]
    if (given === undefined) continue
    if (!/^\d{1,9}$/.test(given)) return err(`--${option}: ${given} is no whole number of credits below a billion`)
    amounts[option] = Number(given) * microPerCredit
  }
  if (unlock !== undefined && !/^\d{1,9}$/.test(unlock)) return err(`--unlock: ${unlock} is no whole number of seconds below a billion`)
  if (bits !== undefined && (!/^\d\d?$/.test(bits) || Number(bits) > stampBitsMax))
    return err(`--stamp-bits: ${bits} is no number from 0 to ${stampBitsMax}`)
  return ok({
    policy: {
      kind,
      ...(amounts.grants !== undefined && { grantsMicro: amounts.grants }),
      ...(amounts.grant !== undefined && { grantMicro: amounts.grant }),
      ...(amounts.stake !== undefined && { stakeMicro: amounts.stake }),
      ...(unlock !== undefined && { unlockMs: Number(unlock) * 1_000 }),
      ...(bits !== undefined && { stampBits: Number(bits) }),
    },
    budgetMicro: amounts.budget,
  })
}

const keysOf = (option: string, given: readonly string[] = []): Result<readonly Bytes[], string> => {
  if (given.length > keysMax) return err(`--${option}: ${keysMax} at most, the others at another start`)
  const keys: Bytes[] = []
  for (const text of given) {
    const key = fromHex(text)
    if (key?.length !== 32) return err(`--${option}: ${text} is no account, 64 hex digits as /ledger.json shows it`)
    keys.push(key)
  }
  return ok(keys)
}
