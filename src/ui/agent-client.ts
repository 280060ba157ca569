/**
 * Commands to the agent and its view, over the channel of messages/view.ts: `{id, command, args}` → `{re, ok}` or `{re, error}`,
 * and `{view}` whenever it changes. The channel does not wake anyone, so an agent that does not run simply never answers: every
 * command has a limit, after which it fails with `agent-silent`. What comes in any other shape is not ours and is left alone.
 */
import type { Clock } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { AgentCommand, AgentCommands, AgentView, UiError } from '../messages/view.ts'
import { type Channel, fieldsOf, isUiError } from './channel.ts'

type Args<C extends AgentCommand> = AgentCommands[C]['args']
type Answer<C extends AgentCommand> = AgentCommands[C]['answer']

export interface AgentClient {
  readonly call: <C extends AgentCommand>(command: C, args: Args<C>) => Promise<Result<Answer<C>, UiError>>
  readonly onView: (listener: (view: AgentView) => void) => () => void
  readonly close: () => void
}

/** Quotes, jobs and tests may have to wait for a model's files first. */
const waitMs: { readonly [C in AgentCommand]: number } = {
  view: 4_000,
  quote: 180_000,
  submit: 180_000,
  cancel: 15_000,
  remove: 15_000,
  results: 120_000,
  search: 120_000,
  history: 15_000,
  checkEntry: 15_000,
  deposit: 15_000,
  lookForDevices: 15_000,
  judge: 30_000,
  goOnAlone: 15_000,
  prepareModel: 1_800_000,
  selfTest: 300_000,
}

/** `pageId` keeps the ids of two open pages apart, which hear each other's answers. */
export const createAgentClient = (deps: { readonly channel: Channel; readonly clock: Clock; readonly pageId: string }): AgentClient => {
  const { channel, clock, pageId } = deps
  const waiting = new Map<string, (answer: Result<unknown, UiError>) => void>()
  const viewers = new Set<(view: AgentView) => void>()
  let calls = 0

  const deaf = channel.listen((message) => {
    const fields = fieldsOf(message)
    if (!fields) return
    if (isView(fields.view)) for (const viewer of viewers) viewer(fields.view)
    if (typeof fields.re !== 'string') return
    waiting.get(fields.re)?.(isUiError(fields.error) ? err(fields.error) : ok(fields.ok))
  })

  return {
    call: <C extends AgentCommand>(command: C, args: Args<C>) =>
      new Promise<Result<Answer<C>, UiError>>((resolve) => {
        const id = `${pageId}/${calls++}`
        const settle = (answer: Result<unknown, UiError>): void => {
          callOff()
          waiting.delete(id)
          resolve(answer as Result<Answer<C>, UiError>)
        }
        const callOff = clock.after(waitMs[command], () => settle(err({ type: 'agent-silent', detail: '' })))
        waiting.set(id, settle)
        channel.post({ id, command, args })
      }),
    onView: (listener) => {
      viewers.add(listener)
      return () => void viewers.delete(listener)
    },
    close: () => {
      deaf()
      for (const settle of [...waiting.values()]) settle(err({ type: 'agent-silent', detail: '' }))
    },
  }
}

const isView = (value: unknown): value is AgentView => {
  const fields = fieldsOf(value)
  return typeof fields?.revision === 'number' && Array.isArray(fields.jobs) && Array.isArray(fields.peers)
}
