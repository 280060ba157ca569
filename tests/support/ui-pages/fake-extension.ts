/**
 * Put into a page before its own scripts: an extension API, a background and an agent that play one scenario, chosen by the page's
 * address (`?scenario=working&language=de`). Commands change the scenario as the real ones would, without time passing.
 */
import de from '../../../public/_locales/de/messages.json'
import en from '../../../public/_locales/en/messages.json'
import type { JudgedReason } from '../../../src/messages/founder-view.ts'
import { type AgentView, type BackgroundState, type JobView, uiChannelName } from '../../../src/messages/view.ts'
import { history, type Scenario, type ScenarioName, scenarios } from './scenarios.ts'

type Messages = Record<string, { message: string; placeholders?: Record<string, { content: string }> }>

const address = new URL(location.href)
const messages: Messages = address.searchParams.get('language') === 'de' ? de : en
const scenario: Scenario = scenarios[(address.searchParams.get('scenario') ?? 'idle') as ScenarioName]
let background: BackgroundState = scenario.background
let view: AgentView | null = scenario.view

const getMessage = (key: string, substitutions: string[] = []): string => {
  const found = messages[key]
  if (!found) return ''
  return found.message.replaceAll(/\$(\w+)\$/g, (_, name: string) => {
    const place = /^\$(\d)$/.exec(found.placeholders?.[name.toLowerCase()]?.content ?? '')?.[1]
    return substitutions[Number(place) - 1] ?? ''
  })
}

const words =
  'abandon ability able about above absent absorb abstract absurd abuse access accident account accuse achieve acid acoustic acquire across act action actor actress actual'

const costOf = ({ texts, redundancy, priority }: Record<string, unknown>): number =>
  (texts as string[]).length * Number(redundancy) * 50_000 * (priority === 'high' ? 2 : 1)

const ask = (command: string, args: Record<string, unknown>): { ok: unknown } | { error: unknown } => {
  if (command === 'phrase') return { ok: { words: words.split(' ') } }
  if (command === 'consent') background = { ...background, consented: true }
  if (command === 'settings') background = { ...background, ...args }
  if (command === 'confirmPhrase') background = { ...background, phraseConfirmed: true }
  if (command === 'leave') background = { ...background, swarm: null }
  if (command === 'takeUp') {
    background = { ...scenarios.founder.background, left: [] }
    view = scenarios.founder.view
    channel.postMessage({ view })
  }
  if (command === 'restore') return { error: { type: 'phrase', detail: '{"reason":"unknown-word","position":3,"word":"aple"}' } }
  if (command === 'found') {
    if ((args.trackers as string[]).some((place) => !/^wss?:/.test(place)))
      return { error: { type: 'founding', detail: '{"reason":"trackers"}' } }
    background = { ...background, swarm: scenarios.founder.background.swarm }
  }
  if (command === 'carryOver' && view?.lost) {
    const before = view.lost.before.map((one) => (one.id === args.device ? { ...one, state: 'asking' as const } : one))
    view = { ...view, lost: { ...view.lost, before } }
    channel.postMessage({ view })
  }
  const { swarm } = background
  if (command === 'revokeInvite' && swarm?.founded) {
    const invites = swarm.founded.invites.map((one) => (one.token === args.token ? { ...one, revoked: true } : one))
    background = { ...background, swarm: { ...swarm, founded: { ...swarm.founded, invites } } }
  }
  if (command === 'terms' && view?.founder && view.notice) {
    const [block, unblock] = [(args.block ?? []) as string[], (args.unblock ?? []) as string[]]
    const members = view.founder.members.map((one) => ({
      ...one,
      blocked: block.includes(one.identity) || (one.blocked && !unblock.includes(one.identity)),
    }))
    const stepMicro = (args.stepMicro as number | undefined) ?? view.notice.stepMicro
    view = { ...view, founder: { ...view.founder, members }, notice: { ...view.notice, stepMicro } }
    channel.postMessage({ view })
  }
  if (command === 'join') {
    if (!String(args.link).startsWith('edgenet:1:')) return { error: { type: 'link', detail: '{"reason":"prefix","detail":""}' } }
    background = { ...background, swarm: scenarios.working.background.swarm }
  }
  return { ok: background }
}

const texts = ['Wrap bread in linen and it keeps for days.', 'The tram was late again.', 'A new library opens on the square.']
const letters = Array.from({ length: 240 }, (_, i) => `${texts[i % texts.length]} (${i + 1})`)

const agent = (command: string, args: Record<string, unknown>): unknown => {
  if (command === 'quote') {
    const maxCostMicro = costOf(args)
    return { tokens: 100, units: 100, maxCostMicro, availableMicro: view?.credits.availableMicro, workersSeen: 3 }
  }
  if (command === 'submit' && view) {
    const given = args.texts as string[]
    const job: JobView = {
      ...scenarios.working.view.jobs[1]!,
      id: `job-${view.jobs.length}`,
      title: String(args.title),
      texts: given.length,
      doneTexts: given.length,
      priority: args.priority === 'high' ? 'high' : 'normal',
      maxCostMicro: costOf(args),
      createdMs: Date.now(),
    }
    view = { ...view, jobs: [job, ...view.jobs] }
    channel.postMessage({ view })
    return { job: job.id }
  }
  if (command === 'cancel' && view) {
    view = { ...view, jobs: view.jobs.map((job) => (job.id === args.job ? { ...job, state: 'cancelled' } : job)) }
    channel.postMessage({ view })
  }
  if (command === 'deposit' && view?.deposit) {
    view = { ...view, deposit: { ...view.deposit, waitingMicro: Number(args.stakedMicro) } }
    channel.postMessage({ view })
  }
  if (command === 'judge' && view?.founder) {
    const closing = { reason: args.reason as JudgedReason, signed: 1, needed: 1 }
    const members = view.founder.members.map((one) => ({
      ...one,
      accounts: one.accounts.map((account) => (account.id === args.account ? { ...account, closing } : account)),
    }))
    view = { ...view, founder: { ...view.founder, members } }
    channel.postMessage({ view })
  }
  if (command === 'results') {
    const vectors = Float32Array.from(
      { length: letters.length * 96 },
      (_, i) => Math.sin(i * 1.7 + (Math.floor(i / 96) % 3)) * Math.cos(i * 0.31),
    )
    return { vectors, dimension: 96, texts: letters, ids: letters.map((_, i) => String(i + 1)) }
  }
  if (command === 'search') {
    const hits = letters.slice(0, Number(args.k)).map((text, row) => ({ row, id: String(row + 1), score: 0.83 - row * 0.041, text }))
    return { hits, searchMs: 1.4 }
  }
  if (command === 'history') return { lines: history, more: false }
  if (command === 'checkEntry')
    return {
      fault: args.seq === history[0]!.seq ? 'waiting' : null,
      id: history[0]!.id,
      certifiedSeq: 41,
      signed: 1,
      witnesses: 1,
      quorum: 1,
    }
  if (command === 'selfTest') return { ms: 41, texts: 3, dimension: 96 }
  return {}
}

const channel = new BroadcastChannel(uiChannelName)
channel.onmessage = ({ data }: MessageEvent<{ id: string; command: string; args: Record<string, unknown> }>) => {
  if (view && data.command) channel.postMessage({ re: data.id, ok: data.command === 'view' ? view : agent(data.command, data.args) })
}

const api = {
  i18n: { getMessage, getUILanguage: () => 'en' },
  runtime: { id: 'fake', sendMessage: async (m: { command: string; args: Record<string, unknown> }) => ask(m.command, m.args) },
}
Object.assign(globalThis, { chrome: api, browser: api })
