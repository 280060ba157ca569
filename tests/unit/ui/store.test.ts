import { expect, test } from 'vitest'
import { createManualClock } from '../../../src/lib/clock.ts'
import { createAgentClient } from '../../../src/ui/agent-client.ts'
import { createBackgroundClient } from '../../../src/ui/background-client.ts'
import { createUi } from '../../../src/ui/store.ts'
import { scenarios } from '../../support/ui-pages/scenarios.ts'
import { createFakeChannel } from './fake-channel.ts'

const { background, view } = scenarios.working

const setUp = (send: (message: unknown) => Promise<unknown> = async () => ({ ok: background })) => {
  const agents = createFakeChannel()
  const pages = createFakeChannel()
  const clock = createManualClock()
  const agent = agents.open()
  let alive = true
  agent.listen((message) => {
    const { id, command } = message as { id: string; command: string }
    if (alive && command === 'view') agent.post({ re: id, ok: view })
  })
  const page = () =>
    createUi({
      agent: createAgentClient({ channel: agents.open(), clock, pageId: 'page' }),
      background: createBackgroundClient(send),
      pages: pages.open(),
      clock,
    })
  return { clock, agent, page, kill: () => (alive = false), revive: () => (alive = true) }
}

test('a page knows background and agent soon after it opens', async () => {
  const { page, clock } = setUp()
  const ui = page()
  await clock.advance(0)
  expect(ui.store.getState()).toMatchObject({ background, agent: 'live', view: { revision: view.revision } })
})

test('a view that the agent posts is shown at once', async () => {
  const { page, clock, agent } = setUp()
  const ui = page()
  await clock.advance(0)
  agent.post({ view: { ...view, revision: 9 } })
  expect(ui.store.getState().view?.revision).toBe(9)
})

test('an agent that died is noticed, its view forgotten, and its return noticed too', async () => {
  const { page, clock, kill, revive } = setUp()
  const ui = page()
  await clock.advance(0)
  kill()
  await clock.advance(15_000)
  expect(ui.store.getState().agent, 'patience with a busy machine').toBe('live')
  await clock.advance(15_000)
  expect(ui.store.getState()).toMatchObject({ agent: 'silent', view: null })
  revive()
  await clock.advance(5_000)
  expect(ui.store.getState()).toMatchObject({ agent: 'live', view: { revision: view.revision } })
})

test('what one page changes, the others show', async () => {
  const off = { ...background, paused: 'off' as const }
  const { page, clock } = setUp(async (message) => ({ ok: (message as { command: string }).command === 'settings' ? off : background }))
  const [popup, dashboard] = [page(), page()]
  await clock.advance(0)
  await popup.ask('settings', { paused: 'off' })
  expect(dashboard.store.getState().background?.paused).toBe('off')
})

test('a background that cannot be reached is told, asked again, and the trouble forgotten once it answers', async () => {
  let broken = true
  const { page, clock } = setUp(async () => {
    if (broken) throw new Error('Receiving end does not exist')
    return { ok: background }
  })
  const ui = page()
  await clock.advance(0)
  expect(ui.store.getState()).toMatchObject({ background: null, trouble: { type: 'background-unreachable' } })
  broken = false
  await clock.advance(2_000)
  expect(ui.store.getState()).toMatchObject({ background, trouble: null })
})

test('a closed page asks nothing any more', async () => {
  const { page, clock, kill } = setUp()
  const ui = page()
  await clock.advance(0)
  ui.close()
  kill()
  await clock.advance(60_000)
  expect(ui.store.getState().agent).toBe('live')
})
