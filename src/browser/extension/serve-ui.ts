/**
 * The agent's side of the interface's BroadcastChannel (table in messages/view.ts): posts views, answers commands. Only
 * pages of this extension share the channel's origin; what they ask is parsed all the same, a page may be an older version.
 */
import * as v from 'valibot'
import type { Agent } from '../../agent/agent.ts'
import { textsPerJobMax } from '../../agent/jobs.ts'
import type { Engine } from '../../tasks/engine.ts'
import { textLengthMax } from '../../tasks/embedding/embedding.ts'
import { judgedReasons } from '../../ledger/verdict.ts'
import { fromHex } from '../../lib/bytes.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { parse, text, uint } from '../../lib/schema.ts'
import { type AgentCommand, type AgentCommands, type AgentView, uiChannelName, type UiError } from '../../messages/view.ts'

const texts = v.pipe(v.array(text(textLengthMax)), v.maxLength(textsPerJobMax))
const id = text(64)
const model = text(64)
const redundancy = v.pipe(uint(9), v.minValue(1))
const priority = v.exactOptional(v.picklist(['normal', 'high']))
const none = v.object({})

const schemas = {
  view: none,
  quote: v.object({ texts, model, redundancy, priority }),
  submit: v.object({
    texts,
    ids: v.pipe(v.array(text(1024)), v.maxLength(textsPerJobMax)),
    model,
    redundancy,
    title: text(200),
    where: v.picklist(['network', 'local']),
    priority,
  }),
  cancel: v.object({ job: id }),
  remove: v.object({ job: id }),
  results: v.object({ job: id }),
  search: v.object({ job: id, query: text(textLengthMax), k: v.pipe(uint(1000), v.minValue(1)) }),
  history: v.object({ before: v.nullable(uint()) }),
  checkEntry: v.object({ seq: uint() }),
  deposit: v.object({ stakedMicro: uint() }),
  lookForDevices: none,
  judge: v.object({ account: v.pipe(text(64), v.regex(/^[0-9a-f]{64}$/)), reason: v.picklist(judgedReasons) }),
  goOnAlone: none,
  prepareModel: v.object({ model }),
  selfTest: none,
} satisfies { [C in AgentCommand]: v.GenericSchema }
type Args<C extends AgentCommand> = v.InferOutput<(typeof schemas)[C]>
type Answer<C extends AgentCommand> = Promise<Result<AgentCommands[C]['answer'], UiError>>

const requestSchema = v.object({
  id: text(64),
  command: v.picklist(Object.keys(schemas) as [AgentCommand, ...AgentCommand[]]),
  args: v.unknown(),
})

const selfTestTexts = [
  'The quick brown fox jumps over the lazy dog.',
  'A small test that this computer can do the work.',
  'Bread rises because yeast makes gas.',
]

export const serveUi = (agent: Agent, engine: Engine, now: () => number): (() => void) => {
  const handlers: { [C in AgentCommand]: (args: Args<C>) => Answer<C> } = {
    view: async () => ok(agent.view() as AgentView),
    quote: async (args) => {
      const price = await agent.jobs.price(args.texts, args.model, args.redundancy, args.priority)
      if (!price.ok) return refusal(price.error)
      const view = agent.view()
      return ok({
        ...price.value,
        availableMicro: agent.jobs.freeMicro() ?? 0,
        workersSeen: view.peers.filter((p) => p.role === 'node').length,
      })
    },
    submit: async (args) => {
      if (args.ids.length !== args.texts.length) return refusal({ type: 'malformed', what: 'as many ids as texts' })
      const job = await agent.jobs.submit(args)
      return job.ok ? ok({ job: job.value }) : refusal(job.error)
    },
    cancel: async (args) => {
      await agent.jobs.cancel(args.job)
      return ok({})
    },
    remove: async (args) => {
      await agent.jobs.remove(args.job)
      return ok({})
    },
    results: async (args) => {
      const found = await agent.jobs.vectors(args.job)
      return found ? ok(found) : refusal({ type: 'no-results' })
    },
    search: async (args) => {
      const job = agent.jobs.list().find((j) => j.id === args.job)
      const found = await agent.jobs.vectors(args.job)
      if (!job || !found) return refusal({ type: 'no-results' })
      const query = await engine.embed({ model: job.model, texts: [args.query] })
      if (!query.ok) return refusal(query.error)
      const startedMs = now()
      const hits = await engine.search(found.vectors, found.dimension, query.value.vectors, args.k)
      if (!hits.ok) return refusal(hits.error)
      const rows = hits.value[0] ?? []
      return ok({
        hits: rows.map(({ row, score }) => ({ row, score, id: found.ids[row]!, text: found.texts[row]! })),
        searchMs: now() - startedMs,
      })
    },
    history: async (args) => answered(await agent.history()?.page(args.before)),
    checkEntry: async (args) => answered(await agent.history()?.check(args.seq)),
    deposit: async (args) => {
      const asked = await agent.deposit(args.stakedMicro)
      return asked.ok ? ok({}) : refusal(asked.error)
    },
    lookForDevices: async () => {
      await agent.lookForDevices()
      return ok({})
    },
    judge: async (args) => {
      const judged = await agent.judge(fromHex(args.account)!, args.reason)
      return judged.ok ? ok({}) : refusal(judged.error)
    },
    goOnAlone: async () => {
      agent.goOnAlone()
      return ok({})
    },
    prepareModel: async (args) => {
      const prepared = await engine.prepare(args.model)
      return prepared.ok ? ok({}) : refusal(prepared.error)
    },
    selfTest: async () => {
      const first = engine.models()[0]
      if (!first) return refusal({ type: 'unknown-model' })
      const prepared = await engine.prepare(first.name)
      if (!prepared.ok) return refusal(prepared.error)
      const startedMs = now()
      const done = await engine.embed({ model: first.name, texts: selfTestTexts })
      return done.ok ? ok({ ms: now() - startedMs, texts: selfTestTexts.length, dimension: done.value.dimension }) : refusal(done.error)
    },
  }

  const channel = new BroadcastChannel(uiChannelName)
  const answer = async <C extends AgentCommand>(command: C, args: unknown): Answer<C> => {
    const parsed = parse(schemas[command], args)
    if (!parsed.ok) return refusal({ type: 'malformed', what: `${parsed.error.where} ${parsed.error.what}` })
    return handlers[command](parsed.value as Args<C>)
  }
  channel.onmessage = (event: MessageEvent<unknown>) => {
    const request = parse(requestSchema, event.data)
    if (!request.ok) return
    const { id: re, command, args } = request.value
    void answer(command, args).then((result) => channel.postMessage(result.ok ? { re, ok: result.value } : { re, error: result.error }))
  }
  const stop = agent.onView((view) => channel.postMessage({ view }))
  channel.postMessage({ view: agent.view() })
  return () => {
    stop()
    channel.close()
  }
}

/** Without a swarm whose rules are known there is nothing to answer from. */
const answered = <T>(result: Result<T, { readonly type: string }> | undefined): Result<T, UiError> =>
  result === undefined ? refusal({ type: 'no-swarm' }) : result.ok ? result : refusal(result.error)

const refusal = ({ type, ...rest }: { readonly type: string; readonly [field: string]: unknown }): Result<never, UiError> =>
  err({ type, detail: Object.keys(rest).length > 0 ? JSON.stringify(rest) : '' })
