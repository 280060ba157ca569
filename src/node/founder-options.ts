/** What may be said to `edge-net notice` and `edge-net invite`. */
import { resolve } from 'node:path'
import { isRelayUrl, parseLink, urlsMax } from '../economy/link-codec.ts'
import type { TermsChange } from '../economy/notice.ts'
import { microPerCredit } from '../economy/policy-codec.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { keysOf, type Values } from './words.ts'

export interface NoticeOptions {
  readonly data: string
  /** Undefined: shows what holds. */
  readonly change: Omit<TermsChange, 'models'> | undefined
  readonly modelCards: readonly string[]
  /** A notice that was signed elsewhere, for the relay of this folder. */
  readonly take: string | undefined
}

export interface InviteOptions {
  readonly data: string
  readonly order:
    | { readonly do: 'invites' }
    | { readonly do: 'invite'; readonly uses: number; readonly grantMicro?: number }
    | { readonly do: 'revoke'; readonly token: string }
}

export type FounderCommand =
  { readonly type: 'notice'; readonly options: NoticeOptions } | { readonly type: 'invite'; readonly options: InviteOptions }

export const founderUsage = `edge-net notice: what the founder of a swarm changes of its policy, while its relays run or before they start

  npm run edge-net -- notice --data DIR [options]      without options: shows what holds

  --data DIR         the folder of the relay, or the one that \`swarm create\` made
  --price CREDITS    list price of a text of up to 128 tokens, such as 0.08
  --block KEY        identity or device (64 hex digits, as /ledger.json shows them) that nobody links or works with; may be repeated
  --unblock KEY      takes one off the list; may be repeated
  --relay URL        relay to dial beside those of the link, in place of all named before; may be repeated; none: names none
  --model-card FILE  JSON card of a model to add, or to put in the place of the one of that name; may be repeated
  --drop-model NAME  takes a model off; may be repeated
  --take FILE        hands a notice.cbor that was signed in another folder to the relay of this one

edge-net invite: the links by which people join

  npm run edge-net -- invite list|create|revoke LINK --data DIR [--uses N] [--grant CREDITS]

  --uses N           how many may join by it (default: 1)
  --grant CREDITS    what each of them gets (default: as the policy says)
`

/** What is said of others is refused: a word that does nothing would be taken for one that did. */
const own = {
  notice: ['data', 'price', 'block', 'unblock', 'relay', 'model-card', 'drop-model', 'take'],
  invite: ['data', 'uses', 'grant'],
} as const
export const founderOnly = ['price', 'block', 'unblock', 'relay', 'drop-model', 'take', 'uses'] as const

export const parseFounderCommand = (
  command: 'notice' | 'invite',
  words: readonly string[],
  values: Values,
  data: string,
): Result<FounderCommand, string> => {
  const foreign = Object.keys(values).find((option) => !(own[command] as readonly string[]).includes(option))
  if (foreign !== undefined) return err(`--${foreign}: does not belong to \`${command}\``)
  return command === 'notice' ? notice(words, values, data) : invite(words, values, data)
}

const notice = (words: readonly string[], values: Values, data: string): Result<FounderCommand, string> => {
  if (words[0] !== undefined) return err(`unexpected argument: ${words[0]}`)
  const [block, unblock] = [keysOf('block', values.block), keysOf('unblock', values.unblock)]
  if (!block.ok) return block
  if (!unblock.ok) return unblock
  const stepMicro = values.price === undefined ? ok(undefined) : microOf('price', values.price)
  if (!stepMicro.ok) return stepMicro
  const relays = values.relay?.join() === 'none' ? [] : values.relay
  const bad = relays?.find((url) => !isRelayUrl(url))
  if (bad !== undefined) return err(`--relay: ${bad} is neither wss://host nor ws:// on loopback, without a path`)
  if (relays && relays.length > urlsMax) return err(`--relay: ${urlsMax} at most`)
  const changes = Object.keys(values).some((option) => option !== 'data' && option !== 'take')
  if (values.take !== undefined && changes) return err('--take: a notice that is signed already is not changed')
  return ok({
    type: 'notice',
    options: {
      data,
      take: values.take === undefined ? undefined : resolve(values.take),
      modelCards: (values['model-card'] ?? []).map((file) => resolve(file)),
      change: changes
        ? {
            stepMicro: stepMicro.value,
            block: block.value,
            unblock: unblock.value,
            relays,
            dropModels: values['drop-model'],
          }
        : undefined,
    },
  })
}

const invite = ([what, which, more]: readonly string[], values: Values, data: string): Result<FounderCommand, string> => {
  const unexpected = what === 'revoke' ? more : which
  if (unexpected !== undefined) return err(`unexpected argument: ${unexpected}`)
  const said = values.uses ?? values.grant
  if (what !== 'create' && said !== undefined) return err(`--${values.uses === undefined ? 'grant' : 'uses'}: belongs to \`invite create\``)
  switch (what) {
    case 'list':
      return ok({ type: 'invite', options: { data, order: { do: 'invites' } } })
    case 'create': {
      if (values.uses !== undefined && !/^[1-9]\d{0,5}$/.test(values.uses))
        return err(`--uses: ${values.uses} is no number from 1 to 999999`)
      const grant = values.grant === undefined ? ok(undefined) : microOf('grant', values.grant)
      if (!grant.ok) return grant
      const grantMicro = grant.value === undefined ? {} : { grantMicro: grant.value }
      return ok({ type: 'invite', options: { data, order: { do: 'invite', uses: Number(values.uses ?? 1), ...grantMicro } } })
    }
    case 'revoke': {
      const token = tokenOf(which ?? '')
      return token === undefined
        ? err('invite revoke: give its link, or its 32 hex digits as `invite list` shows them')
        : ok({ type: 'invite', options: { data, order: { do: 'revoke', token } } })
    }
    default:
      return err(what === undefined ? 'invite: list, create or revoke' : `unknown command: invite ${what}`)
  }
}

const tokenOf = (given: string): string | undefined => {
  if (fromHex(given)?.length === 16) return given
  const link = parseLink(given)
  return link.ok && link.value.invite ? toHex(link.value.invite) : undefined
}

/** To the micro-credit, without a float. */
const microOf = (option: string, given: string): Result<number, string> => {
  const [, whole, part = ''] = /^(\d{1,9})(?:\.(\d{1,6}))?$/.exec(given) ?? []
  const micro = Number(whole) * microPerCredit + Number(part.padEnd(6, '0'))
  return whole === undefined || micro === 0 ? err(`--${option}: ${given} is no amount of credits, such as 0.08`) : ok(micro)
}
