/** What the extension's pages may ask of the background (table in messages/view.ts), parsed at the door and answered by the vault. */
import * as v from 'valibot'
import { formatLink, linkCharsMax, parseLink, urlCharsMax, urlsMax } from '../../economy/link-codec.ts'
import { blockedMax } from '../../economy/notice-codec.ts'
import type { SwarmLink } from '../../economy/link.ts'
import type { TermsChange } from '../../economy/notice.ts'
import type { Policy } from '../../economy/policy.ts'
import type { PublicKey } from '../../identity/keys.ts'
import { type Bytes, fromHex, toHex } from '../../lib/bytes.ts'
import { ok, type Result } from '../../lib/result.ts'
import { parse, text, uint } from '../../lib/schema.ts'
import type { BackgroundCommand, BackgroundCommands, BackgroundState, UiError } from '../../messages/view.ts'
import type { NewSwarm } from '../../vault/founding.ts'
import type { Settings, VaultStatus } from '../../vault/vault.ts'

/** A tagged error of any layer; its other fields go to the page as they are. */
interface Failure {
  readonly type: string
}
type Done = Promise<Result<unknown, Failure>>

/** What the user may do with the vault, and the agent may not. */
export interface VaultControls {
  readonly status: () => Promise<VaultStatus>
  readonly changeSettings: (change: Partial<Settings>) => Done
  readonly joinSwarm: (link: SwarmLink) => Done
  readonly foundSwarm: (wanted: NewSwarm, models: Policy['models']) => Done
  readonly addInvite: (uses: number) => Done
  readonly revokeInvite: (token: Bytes) => Done
  readonly changeTerms: (change: TermsChange) => Done
  readonly setTrackers: (trackers: readonly string[]) => Done
  readonly leaveSwarm: () => Done
  readonly left: () => Promise<readonly { readonly swarm: Bytes; readonly name: string }[]>
  readonly takeUp: (swarm: Bytes) => Done
  /** Null once the backup was confirmed. */
  readonly phraseWords: () => Promise<readonly string[] | null>
  readonly confirmPhrase: () => Done
  readonly restore: (phrase: string) => Done
  readonly takeOver: (device: PublicKey, phrase: string) => Done
  readonly carryOver: (account: PublicKey, phrase: string) => Done
}

export interface CommandDeps {
  /** The vault, once its stores are open; rejects where they do not open. */
  readonly vault: () => Promise<VaultControls>
  /** Forgets everything, also where the stores are damaged; the next `vault` is as after a fresh install. */
  readonly erase: () => Promise<void>
  /** Share of all cores that a preset begins with. */
  readonly presetShares: Readonly<Record<Settings['preset'], number>>
  /** What a swarm that is made here lists. */
  readonly models: Policy['models']
}

const phraseCharsMax = 1024
const none = v.strictObject({})
const hex32 = v.pipe(text(64), v.regex(/^[0-9a-f]{64}$/))
const keys = v.pipe(v.array(hex32), v.maxLength(blockedMax))
const trackers = v.pipe(v.array(text(urlCharsMax)), v.maxLength(urlsMax))

const schemas = {
  state: none,
  consent: v.strictObject({ preset: v.picklist(['gentle', 'standard', 'all']) }),
  settings: v.strictObject({
    share: v.exactOptional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
    paused: v.exactOptional(v.nullable(v.union([uint(), v.picklist(['restart', 'off'])]))),
    hubUrl: v.exactOptional(text(300)),
    depositEarnings: v.exactOptional(v.boolean()),
  }),
  // Twice what a link may have: a longer one is told what is wrong with it, not that the message is malformed.
  join: v.strictObject({ link: text(2 * linkCharsMax) }),
  found: v.strictObject({ name: text(80), trackers, grantMicro: uint(), uses: uint() }),
  invite: v.strictObject({ uses: uint() }),
  revokeInvite: v.strictObject({ token: v.pipe(text(32), v.regex(/^[0-9a-f]{32}$/)) }),
  terms: v.strictObject({ stepMicro: v.exactOptional(uint()), block: v.exactOptional(keys), unblock: v.exactOptional(keys) }),
  trackers: v.strictObject({ trackers }),
  takeUp: v.strictObject({ swarm: hex32 }),
  leave: none,
  phrase: none,
  confirmPhrase: none,
  restore: v.strictObject({ phrase: text(phraseCharsMax) }),
  takeOver: v.strictObject({ device: hex32, phrase: text(phraseCharsMax) }),
  carryOver: v.strictObject({ device: hex32, phrase: text(phraseCharsMax) }),
  erase: none,
} satisfies { [C in BackgroundCommand]: v.GenericSchema<BackgroundCommands[C]['args']> }

const requestSchema = v.strictObject({
  command: v.picklist(Object.keys(schemas) as [BackgroundCommand, ...BackgroundCommand[]]),
  args: v.unknown(),
})

type Answer<C extends BackgroundCommand> = Promise<Result<BackgroundCommands[C]['answer'], Failure>>
type Handlers = { readonly [C in BackgroundCommand]: (args: BackgroundCommands[C]['args']) => Answer<C> }

const createHandlers = ({ vault, erase, presetShares, models }: CommandDeps): Handlers => {
  const state = async (): Promise<Result<BackgroundState, never>> => {
    const open = await vault()
    const [{ settings, swarm, device }, words, left] = await Promise.all([open.status(), open.phraseWords(), open.left()])
    return ok({
      ...settings,
      swarm: swarm && swarmState(swarm),
      left: swarm ? [] : left.map(({ swarm: id, name }) => ({ id: toHex(id), name })),
      phraseConfirmed: words === null,
      device: toHex(device.device),
      root: toHex(device.root),
    })
  }
  /** The state after something was done, or why it was not. */
  const after = async (act: (open: VaultControls) => Done): Promise<Result<BackgroundState, Failure>> => {
    const result = await act(await vault())
    return result.ok ? state() : result
  }
  return {
    state,
    consent: ({ preset }) => after((open) => open.changeSettings({ consented: true, preset, share: presetShares[preset] })),
    settings: (change) => after((open) => open.changeSettings(change)),
    join: async ({ link }) => {
      const parsed = parseLink(link)
      return parsed.ok ? after((open) => open.joinSwarm(parsed.value)) : parsed
    },
    found: (wanted) => after((open) => open.foundSwarm({ ...wanted, name: wanted.name.trim() }, models)),
    invite: ({ uses }) => after((open) => open.addInvite(uses)),
    revokeInvite: ({ token }) => after((open) => open.revokeInvite(fromHex(token)!)),
    terms: ({ stepMicro, block, unblock }) =>
      after((open) => open.changeTerms({ stepMicro, block: block?.map((k) => fromHex(k)!), unblock: unblock?.map((k) => fromHex(k)!) })),
    trackers: (given) => after((open) => open.setTrackers(given.trackers)),
    takeUp: ({ swarm }) => after((open) => open.takeUp(fromHex(swarm)!)),
    leave: () => after((open) => open.leaveSwarm()),
    phrase: async () => ok({ words: await (await vault()).phraseWords() }),
    confirmPhrase: () => after((open) => open.confirmPhrase()),
    takeOver: ({ device, phrase }) => after((open) => open.takeOver(fromHex(device)!, phrase)),
    carryOver: ({ device, phrase }) => after((open) => open.carryOver(fromHex(device)!, phrase)),
    restore: ({ phrase }) => after((open) => open.restore(phrase)),
    erase: async () => {
      await erase()
      return state()
    },
  }
}

const swarmState = ({ link, founded }: NonNullable<VaultStatus['swarm']>): NonNullable<BackgroundState['swarm']> => ({
  id: toHex(link.swarm),
  relays: link.relays,
  trackers: link.trackers,
  founded: founded
    ? {
        invites: founded.invites
          .filter(({ own }) => !own)
          .map(({ token, uses, revoked = false }) => ({
            token: toHex(token),
            link: formatLink({ ...link, invite: token }),
            uses,
            revoked,
          })),
      }
    : null,
})

export type Reply = { readonly ok: unknown } | { readonly error: UiError }

/** Answers one message of a page of ours. Never throws, whatever the message holds and whatever the vault does. */
export const createCommands = (deps: CommandDeps): ((message: unknown) => Promise<Reply>) => {
  const handlers = createHandlers(deps)
  const run = async <C extends BackgroundCommand>(command: C, given: unknown): Promise<Result<unknown, Failure>> => {
    const args = parse(schemas[command], given)
    return args.ok ? handlers[command](args.value as BackgroundCommands[C]['args']) : args
  }
  return async (message) => {
    const request = parse(requestSchema, message)
    if (!request.ok) return { error: uiErrorOf(request.error) }
    try {
      const result = await run(request.value.command, request.value.args)
      return result.ok ? { ok: result.value } : { error: uiErrorOf(result.error) }
    } catch (cause) {
      return { error: { type: 'storage', detail: cause instanceof Error ? cause.message : String(cause) } }
    }
  }
}

/** `detail` carries the other fields as JSON: the interface makes words of them. */
const uiErrorOf = ({ type, ...rest }: Failure): UiError => ({ type, detail: Object.keys(rest).length > 0 ? JSON.stringify(rest) : '' })
