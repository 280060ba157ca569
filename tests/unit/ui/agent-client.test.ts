import { expect, test } from 'vitest'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createAgentClient } from '../../../src/ui/agent-client.ts'
import { createFakeChannel } from './fake-channel.ts'

interface Request {
  readonly id: string
  readonly command: string
  readonly args: unknown
}

const setUp = () => {
  const hub = createFakeChannel()
  const clock = createManualClock()
  const agent = hub.open()
  const requests: Request[] = []
  agent.listen((message) => requests.push(message as Request))
  return { hub, clock, agent, requests, client: createAgentClient({ channel: hub.open(), clock, pageId: 'page' }) }
}

test('each answer reaches its own question, in whatever order', async () => {
  const { agent, client, requests } = setUp()
  const cancelled = client.call('cancel', { job: 'a' })
  const removed = client.call('remove', { job: 'b' })
  expect(requests.map(({ command, args }) => [command, args])).toEqual([
    ['cancel', { job: 'a' }],
    ['remove', { job: 'b' }],
  ])
  agent.post({ re: requests[1]!.id, error: { type: 'unknown-job', detail: 'b' } })
  agent.post({ re: requests[0]!.id, ok: {} })
  expect(await cancelled).toEqual({ ok: true, value: {} })
  expect(await removed).toEqual({ ok: false, error: { type: 'unknown-job', detail: 'b' } })
})

test('an agent that never answers is silent after the limit', async () => {
  const { client, clock } = setUp()
  const answer = client.call('view', {})
  await clock.advance(60_000)
  expect(await answer).toEqual({ ok: false, error: { type: 'agent-silent', detail: '' } })
})

test('answers to another page and messages of other shapes are left alone', async () => {
  const { agent, client, clock } = setUp()
  const views: unknown[] = []
  client.onView((view) => views.push(view))
  const answer = client.call('view', {})
  for (const message of [null, 1, 'x', [], {}, { re: 7 }, { re: 'other/0', ok: 1 }, { view: {} }, { view: { revision: 1 } }])
    agent.post(message)
  await clock.advance(60_000)
  expect((await answer).ok).toBe(false)
  expect(views).toEqual([])
})

test('closing ends every wait', async () => {
  const { client } = setUp()
  const answer = client.call('selfTest', {})
  client.close()
  expect((await answer).ok).toBe(false)
})
