/** Asks a running agent from one of its own extension's pages, over the interface's channel: views and commands as data. */
import type { AgentCommand, AgentCommands, AgentView } from '../../../src/messages/view.ts'
import type { Screen } from './screen.ts'

const viewWaitMsDefault = 60_000

/** The first view for which `condition`, a JavaScript expression over `view`, holds. Woken by the agent's own posts, not by time. */
export const viewWhere = async (screen: Screen, condition: string, timeoutMs = viewWaitMsDefault): Promise<AgentView> => {
  const answer = await screen.evaluate<{ view: AgentView; holds: boolean }>(`new Promise((resolve) => {
    const channel = new BroadcastChannel('edge-net/ui')
    let last = null
    const end = (holds) => { channel.close(); clearTimeout(timer); resolve({ view: last, holds }) }
    const timer = setTimeout(() => end(false), ${timeoutMs})
    const look = (view) => { last = view; if (${condition}) end(true) }
    channel.onmessage = ({ data }) => { const view = data.view ?? (data.re === 'test/view' ? data.ok : undefined); if (view) look(view) }
    channel.postMessage({ id: 'test/view', command: 'view', args: {} })
  })`)
  if (!answer.holds) throw new Error(`no view with ${condition} within ${timeoutMs} ms; the last was ${JSON.stringify(answer.view)}`)
  return answer.view
}

export const currentView = (screen: Screen): Promise<AgentView> => viewWhere(screen, 'true')

const commandWaitMsDefault = 180_000
let serial = 0

/** Float32Arrays come back as arrays of numbers; for many vectors use `resultVectors`. */
export const command = async <C extends AgentCommand>(screen: Screen, name: C, args: AgentCommands[C]['args'], timeoutMs = commandWaitMsDefault): Promise<AgentCommands[C]['answer']> => {
  const id = `test/${serial++}`
  const answer = await screen.evaluate<{ ok?: AgentCommands[C]['answer']; error?: unknown }>(ask(id, name, args, timeoutMs, 'data'))
  if (answer.error !== undefined || answer.ok === undefined) throw new Error(`${name}: ${JSON.stringify(answer.error)}`)
  return answer.ok
}

/** A finished job's vectors, row-major, carried out of the page as base64. */
export const resultVectors = async (screen: Screen, job: string): Promise<{ readonly vectors: Float32Array; readonly dimension: number }> => {
  const read = `({ dimension: data.ok.dimension, base64: (() => { const b = new Uint8Array(data.ok.vectors.buffer, data.ok.vectors.byteOffset, data.ok.vectors.byteLength); let s = ''; for (let i = 0; i < b.length; i += 0x8000) s += String.fromCharCode(...b.subarray(i, i + 0x8000)); return btoa(s) })() })`
  const { dimension, base64 } = await screen.evaluate<{ dimension: number; base64: string }>(ask(`test/${serial++}`, 'results', { job }, commandWaitMsDefault, read))
  const bytes = new Uint8Array(Buffer.from(base64, 'base64'))
  return { vectors: new Float32Array(bytes.buffer), dimension }
}

const ask = (id: string, name: string, args: unknown, timeoutMs: number, read: string): string => `new Promise((resolve, reject) => {
  const channel = new BroadcastChannel('edge-net/ui')
  const timer = setTimeout(() => { channel.close(); reject(new Error('${name}: no answer')) }, ${timeoutMs})
  channel.onmessage = ({ data }) => { if (data.re !== '${id}') return; clearTimeout(timer); channel.close(); resolve(${read}) }
  channel.postMessage({ id: '${id}', command: '${name}', args: ${JSON.stringify(args)} })
})`
