/** What may be said on the command line of `edge-net`. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { daysKeptMin } from '../agent/relay-checkpoints.ts'
import { isRelayUrl } from '../economy/link-codec.ts'
import { microPerCredit, privateDefaults, publicDefaults, stampBitsMax } from '../economy/policy-codec.ts'
import type { Policy } from '../economy/policy.ts'
import { faultyMax, unlockMsDefault } from '../ledger/rules.ts'
import type { JudgedReason } from '../ledger/verdict.ts'
import { type Bytes, fromHex } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { WitnessPlace } from './data-folder.ts'
import { keysOf, parseWords, type Values } from './words.ts'
import { type FounderCommand, founderOnly, founderUsage, parseFounderCommand } from './founder-options.ts'

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
  /** The proxy before this relay adds X-Forwarded-For. */
  readonly trustProxy: boolean
  /** Its witness does outvoted work again, on the models that lie here. */
  readonly judgeResults: boolean
  /** How many checkpoints, one a day, lie above what may be dropped. */
  readonly keepDays: number | 'all'
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
    Pick<Policy, 'grantsMicro' | 'grantMicro' | 'stakeMicro' | 'unlockMs' | 'stampBits' | 'independence'>
  >
  /** What one epoch may issue, in µcr; undefined: the default of the kind. */
  readonly budgetMicro: number | undefined
  /** Folder of a relay of the swarm that this one succeeds. */
  readonly succeeds: string | undefined
}

export interface CloseOptions {
  readonly data: string
  readonly witness: WitnessPlace | undefined
  readonly target: Bytes
  readonly reason: JudgedReason
}

export type Command =
  | { readonly type: 'help' }
  | { readonly type: 'verdict-close'; readonly options: CloseOptions }
  | { readonly type: 'relay'; readonly options: RelayOptions }
  | { readonly type: 'swarm-create'; readonly options: SwarmCreateOptions }
  | FounderCommand

export const firstPort = 8787
export const defaultName = 'Edge-Net swarm'
/** The link by which one joins holds eight addresses, and 3f+1 of them are seven at most. */
export const witnessesMax = 7

export const usage = `edge-net relay: a swarm's meeting point, witness, issuer and model mirror in one process

  npm run relay -- [options]

  --data DIR         where everything is kept (default: $XDG_DATA_HOME/edge-net/relay)
  --port N           port on 127.0.0.1 (default: the one of the first start; then 8787 or the next free one)
  --url URL          how others reach it: wss://relay.example, where a proxy adds TLS (default: ws://127.0.0.1:PORT)
  --trust-proxy      a proxy stands before it and adds the client's address to X-Forwarded-For (else nobody's word there counts)
  --name TEXT        name of the swarm, at the first start
  --models DIR       folder with models in hub layout to mirror; may be repeated (also: EDGE_NET_MODELS)
  --judge-results    do outvoted work again, with the models in these folders, and fine workers whose result was wrong (else this
                     witness judges no results; it reads the texts of what it judges, and computes in the relay's own process)
  --model-card FILE  JSON card of a model that the new swarm's policy shall list; may be repeated
  --witness I/N      the relay of witness I of a swarm that \`swarm create\` made in --data; opens DIR/witness-I only
  --sponsor KEY      account (64 hex digits, as /ledger.json shows it) whose paid tasks earn a bonus out of the budget; may be repeated
  --referrer KEY     account that gets a tenth of the bonus of those who name it when they join; may be repeated
  --keep DAYS        drop entries before the last so many checkpoints, one a day, 2 at least; all: keep everything (default,
                     and what a relay that is alone has to do)
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
  --independence I   identity, or identity-and-address: no two workers of one task from one block of addresses, nor any that the relays
                     do not see (default: private identity, public identity-and-address; on one machine only identity works)
  --succeeds DIR     folder of a relay, stopped, of the swarm that this one takes the place of: members come over with what its last
                     checkpoint says that they had, once each; the grants are raised by as much
  --stake CREDITS    deposit below which a worker is on probation (default: private 0, public 100)
  --unlock SECONDS   how long a deposit stays within reach of a penalty once it is taken out (default: ${unlockMsDefault / 1_000})
  --stamp-bits N     work that a new account costs: 0 none, each more doubles it (default: private ${privateDefaults.stampBits}, public ${publicDefaults.stampBits})

The link by which one joins is printed alone on a line of stdout, as every relay of the swarm does.

edge-net verdict close: this witness finds that an account is to be closed, by its owner's judgement

  npm run edge-net -- verdict close KEY --reason REASON [options]

  KEY                account: 64 hex digits, as /ledger.json shows it
  --reason REASON    malicious or sybil-attack
  --data DIR         folder of the relay, running or not (default: as for the relay)
  --witness I/N      of the swarm that \`swarm create\` made in --data: the relay of this witness signs

The account is closed when 2f+1 witnesses have signed (of 4 three, of 1 one): nothing further of it is certified, what it has it can
no longer spend. Nobody can take that back, and all members can see it.

${founderUsage}`

const nameLengthMax = 80

type Env = Readonly<Record<string, string | undefined>>

export const parseCommand = (args: readonly string[], env: Env): Result<Command, string> => {
  const parsed = parseWords(args)
  if (!parsed.ok) return parsed
  const { values, positionals } = parsed.value
  if (values.help) return ok({ type: 'help' })
  const [command, second, ...more] = positionals
  if (command === undefined) return err('no command given')
  if (command === 'notice' || command === 'invite') return parseFounderCommand(command, positionals.slice(1), values, dataOf(values, env))
  const isSwarm = command === 'swarm' && second === 'create'
  const isVerdict = command === 'verdict' && second === 'close'
  if (command !== 'relay' && !isSwarm && !isVerdict)
    return err(
      `unknown command: ${(command === 'swarm' || command === 'verdict') && second !== undefined ? `${command} ${second}` : command}`,
    )
  const unexpected = isVerdict ? more[1] : isSwarm ? more[0] : second
  if (unexpected !== undefined) return err(`unexpected argument: ${unexpected}`)
  const foreign = founderOnly.find((option) => values[option] !== undefined)
  if (foreign) return err(`--${foreign}: belongs to \`${foreign === 'uses' ? 'invite' : 'notice'}\``)
  const fault = valueFault(values)
  if (fault !== undefined) return err(fault)
  if (isVerdict) return verdictClose(more[0], values, env)
  if (values.reason !== undefined) return err('--reason: belongs to `verdict close`')
  return isSwarm ? swarmCreate(values) : relay(values, env)
}

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
  const settledThere = (['kind', 'budget', 'grants', 'grant', 'stake', 'unlock', 'stamp-bits', 'independence', 'succeeds'] as const).find(
    (option) => values[option] !== undefined,
  )
  if (settledThere) return err(`--${settledThere}: belongs to \`swarm create\``)
  if ((values.url ?? []).length > 1) return err('--url: one address')
  const [sponsors, referrers] = [keysOf('sponsor', values.sponsor), keysOf('referrer', values.referrer)]
  if (!sponsors.ok) return sponsors
  if (!referrers.ok) return referrers
  const { keep = 'all' } = values
  if (keep !== 'all' && !(/^\d{1,4}$/.test(keep) && Number(keep) >= daysKeptMin))
    return err(`--keep: ${keep} is neither all nor a number of days from ${daysKeptMin} on`)
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
      data: dataOf(values, env),
      port: values.port === undefined ? undefined : Number(values.port),
      models: [...(values.models ?? []), ...(env.EDGE_NET_MODELS ? [env.EDGE_NET_MODELS] : [])].map((folder) => resolve(folder)),
      modelCards: (values['model-card'] ?? []).map((file) => resolve(file)),
      url: values.url?.[0],
      name: values.name?.trim(),
      witness: witness.value,
      sponsors: sponsors.value,
      referrers: referrers.value,
      trustProxy: values['trust-proxy'] === true,
      judgeResults: values['judge-results'] === true,
      keepDays: keep === 'all' ? keep : Number(keep),
    },
  })
}

const dataOf = ({ data }: Values, env: Env): string =>
  resolve(data ?? join(env.XDG_DATA_HOME || join(homedir(), '.local/share'), 'edge-net/relay'))

const reasons: Readonly<Record<string, JudgedReason>> = { malicious: 'Malicious', 'sybil-attack': 'SybilAttack' }

const verdictClose = (account: string | undefined, values: Values, env: Env): Result<Command, string> => {
  const { data: _data, witness: place, reason, ...foreign } = values
  const [other] = Object.keys(foreign)
  if (other !== undefined) return err(`--${other}: does not belong to \`verdict close\``)
  const target = account === undefined ? undefined : fromHex(account)
  if (target?.length !== 32) return err(`${account ?? 'no account'}: give the account to close, 64 hex digits as /ledger.json shows it`)
  const judged = reason === undefined ? undefined : reasons[reason]
  if (!judged) return err(`--reason: ${reason ?? 'why'}: malicious or sybil-attack`)
  const witness = place === undefined ? ok(undefined) : placeOf(place)
  if (!witness.ok) return witness
  if (witness.value && values.data === undefined) return err('--witness: needs the folder of the swarm, --data DIR')
  return ok({ type: 'verdict-close', options: { data: dataOf(values, env), witness: witness.value, target, reason: judged } })
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
  const foreign = (['witness', 'models', 'sponsor', 'referrer', 'trust-proxy', 'judge-results', 'keep'] as const).find(
    (option) => values[option] !== undefined,
  )
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
      succeeds: values.succeeds === undefined ? undefined : resolve(values.succeeds),
    },
  })
}

const policyOf = (values: Values): Result<Pick<SwarmCreateOptions, 'policy' | 'budgetMicro'>, string> => {
  const { kind = 'private', unlock, 'stamp-bits': bits, independence } = values
  if (kind !== 'private' && kind !== 'public') return err(`--kind: ${kind} is neither private nor public`)
  const amounts: Partial<Record<'budget' | 'grants' | 'grant' | 'stake', number>> = {}
  for (const option of ['budget', 'grants', 'grant', 'stake'] as const) {
    const given = values[option]
    if (given === undefined) continue
    if (!/^\d{1,9}$/.test(given)) return err(`--${option}: ${given} is no whole number of credits below a billion`)
    amounts[option] = Number(given) * microPerCredit
  }
  if (independence !== undefined && independence !== 'identity' && independence !== 'identity-and-address')
    return err(`--independence: ${independence} is neither identity nor identity-and-address`)
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
      ...(independence !== undefined && { independence }),
    },
    budgetMicro: amounts.budget,
  })
}
