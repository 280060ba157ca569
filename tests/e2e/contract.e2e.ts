/** The whole job between real browsers: earn, spend, check, pay once, whoever dies on the way. */
import { cpSync, rmSync } from 'node:fs'
import { resultVectors, viewWhere } from './harness/agent-page.ts'
import { expect, launch, test } from './harness/fixtures.ts'
import type { ChromiumExtension } from './harness/launch-chromium.ts'
import { byTestId } from './harness/screen.ts'
import { earnedMicro, earns, grantMicro, jobWhere, type Member, openPair, openSwarm, settledJob, someTexts, submit } from './harness/swarm.ts'

const perText = 50_000

test('a Firefox worker earns from a Chromium requester, and the vectors are those of Chromium itself', async () => {
  const { members } = await openSwarm(['chromium', 'firefox'])
  const [requester, worker] = members as [Member, Member]
  const texts = someTexts(20)
  const job = await settledJob(requester, await submit(requester, texts, 1))
  expect(job).toMatchObject({ state: 'done', texts: 20, agreed: { '1': 20 }, costMicro: 20 * perText })
  await earns(worker, grantMicro + 20 * perText)

  const local = await requester.dashboard.evaluate<string>(`new Promise((resolve) => {
    const channel = new BroadcastChannel('edge-net/ui')
    channel.onmessage = ({ data }) => { if (data.re === 'local') resolve(data.ok ? data.ok.job : JSON.stringify(data.error)) }
    channel.postMessage({ id: 'local', command: 'submit', args: { texts: ${JSON.stringify(texts)}, ids: ${JSON.stringify(texts.map((_, i) => String(i)))}, model: 'mini', redundancy: 1, title: 'local', where: 'local' } })
  })`)
  await jobWhere(requester, local, `job.state === 'done'`)
  const [theirs, own] = [await resultVectors(requester.dashboard, job.id), await resultVectors(requester.dashboard, local)]
  expect(theirs.dimension).toBe(96)
  expect(theirs.vectors).toEqual(own.vectors)

  // Both read it in their history, and both can check it.
  for (const [{ dashboard }, kind, micro] of [
    [requester, 'paid', -20 * perText],
    [worker, 'received', 20 * perText],
  ] as const) {
    const line = `${byTestId('history-line')}[data-kind="${kind}"][data-micro="${micro}"]`
    await dashboard.waitFor(`${line}[data-certified="true"]`)
    await dashboard.click(`${line} ${byTestId('history-check')}`)
    await dashboard.waitFor(`${byTestId('history-checked')}[data-fault="none"]`)
    // With its sign: three digits alone stand in many an id.
    await dashboard.fill(byTestId('history-search'), '+500')
    await dashboard.waitFor(`${byTestId('history')}:not(:has([data-kind="${kind}"])) [data-kind="granted"]`)
  }
})

/**
 * What each side's background does, in the order of the contract: writes answers under their request ids, ends a reservation,
 * keeps a certificate, signs a message of this kind.
 */
const steps = {
  requester: ['put answers sow/', 'put answers agree/', 'put answers reward/', 'delete reservations', 'put answers settle/', 'put ownCertificates'],
  worker: ['sign quote', 'sign countersign', 'sign result', 'sign receipt', 'put answers claim/', 'put ownCertificates'],
} as const

/** Resolves when the service worker does this to a record or signs this; nothing may be committed or answered yet. */
const whenDoing = async (browser: ChromiumExtension, step: string): Promise<unknown> => {
  const worker = browser.context.serviceWorkers()[0]
  if (!worker) throw new Error('no service worker')
  return worker.evaluate(
    (wanted) =>
      new Promise<string>((resolve) => {
        for (const method of ['put', 'delete'] as const) {
          const original = IDBObjectStore.prototype[method] as (...args: unknown[]) => IDBRequest
          IDBObjectStore.prototype[method] = function (this: IDBObjectStore, ...args: unknown[]) {
            const [table, key] = args[method === 'put' ? 1 : 0] as [string, string]
            // Tables of a swarm carry its id before a slash.
            const name = `${method} ${table.split('/').at(-1)} ${key}`
            if (name.startsWith(wanted)) resolve(name)
            return original.apply(this, args)
          } as never
        }
        const sign = SubtleCrypto.prototype.sign
        SubtleCrypto.prototype.sign = function (this: SubtleCrypto, algorithm, key, data) {
          // Between the CBOR texts "kind" and its value stands one byte, the value's length.
          const message = new TextDecoder('latin1').decode(data)
          if (new RegExp(wanted.replace('sign ', 'kind.'), 's').test(message)) resolve(wanted)
          return sign.call(this, algorithm, key, data)
        }
      }),
    step,
  )
}

/** What may die under the extension's feet, and what brings it back. */
const deaths = {
  'service worker': ({ browser }: Member<ChromiumExtension>) => browser.stopServiceWorker(),
  'offscreen document': async ({ browser, dashboard }: Member<ChromiumExtension>) => {
    await browser.stopAgent()
    // Any wake of the background brings the agent back; an alarm does so at the latest after half a minute.
    await dashboard.evaluate(`chrome.runtime.sendMessage({ command: 'settings', args: {} })`)
  },
} as const

/** Does a job, and has the victim die once that is reached; tells what its worker is paid. */
const dieAt = async (
  { requester, worker }: Readonly<Record<'requester' | 'worker', Member<ChromiumExtension>>>,
  count: number,
  earnedBefore: number,
  { reached, kill }: { readonly reached: () => Promise<unknown>; readonly kill: () => Promise<void> },
): Promise<number> => {
  const awaited = reached()
  const job = await submit(requester, someTexts(count), 1)
  await awaited
  await kill()
  expect(await settledJob(requester, job)).toMatchObject({ costMicro: count * perText, agreed: { '1': count } })
  await earns(worker, earnedBefore + count * perText)
  return earnedBefore + count * perText
}

for (const [context, kill] of Object.entries(deaths))
  test(`the ${context} dies at each step of the contract, of requester and worker: each task still ends right, paid once`, async () => {
    test.setTimeout(240_000)
    const { requester, worker } = await openPair()
    let earned = grantMicro
    for (const role of ['requester', 'worker'] as const)
      for (const [i, step] of steps[role].entries())
        await test.step(`${role}: ${step}`, async () => {
          const victim = role === 'requester' ? requester : worker
          // A page's message wakes it, so that there is one to wait in.
          await victim.dashboard.evaluate(`chrome.runtime.sendMessage({ command: 'state', args: {} })`)
          earned = await dieAt({ requester, worker }, 2 + i, earned, { reached: () => whenDoing(victim.browser, step), kill: () => kill(victim) })
        })
    if (context !== 'offscreen document') return
    for (const [victim, condition] of [
      [requester, `view.jobs[0].texts === 200 && (view.jobs[0].state === 'hiring' || view.jobs[0].state === 'working')`],
      [worker, `view.work.some((w) => w.texts === 200 && (w.state === 'receiving' || w.state === 'executing'))`],
    ] as const)
      await test.step('while it computes or waits', async () => {
        earned = await dieAt({ requester, worker }, 200, earned, { reached: () => viewWhere(victim.dashboard, condition), kill: () => kill(victim) })
      })
  })

test('a worker killed in mid-task: at redundancy 3 the other two finish it', async () => {
  test.setTimeout(300_000)
  const { members } = await openSwarm(['chromium', 'chromium', 'chromium', 'chromium'])
  const [requester, victim, ...others] = members as [Member, Member, Member, Member]
  const texts = someTexts(250, 60)
  const job = await submit(requester, texts, 3)
  await viewWhere(victim.dashboard, `view.work.some((w) => w.state === 'executing')`)
  await victim.browser.killHard()
  const done = await settledJob(requester, job, 200_000)
  expect(done.agreed).toEqual({ '2': 250 })
  expect(done.costMicro).toBe(2 * done.maxCostMicro / 3)
  for (const other of others) await earns(other, grantMicro + done.maxCostMicro / 3)
})

test('a worker killed in mid-task: at redundancy 1 another takes it over', async () => {
  test.setTimeout(300_000)
  const { members } = await openSwarm(['chromium', 'chromium', 'chromium'])
  const [requester, a, b] = members as [Member, Member, Member]
  const job = await submit(requester, someTexts(250, 60), 1)
  const executing = `view.work.some((w) => w.state === 'executing')`
  const victim = await Promise.race([a, b].map((member) => viewWhere(member.dashboard, executing, 60_000).then(() => member)))
  await victim.browser.killHard()
  const other = victim === a ? b : a
  const done = await settledJob(requester, job, 200_000)
  expect(done.agreed).toEqual({ '1': 250 })
  await earns(other, grantMicro + done.costMicro)
})

test('the relay is killed between the payment and its certificate, and comes back: paid once', async () => {
  test.setTimeout(200_000)
  const { relay, requester, worker } = await openPair()
  const paying = whenDoing(requester.browser, 'put answers settle/')
  const job = await submit(requester, someTexts(5), 1)
  await paying
  await relay.kill9()
  await jobWhere(requester, job, `job.state === 'done'`)
  await relay.restart()
  await settledJob(requester, job)
  await earns(worker, grantMicro + 5 * perText, 60_000)
})

test('cancelling releases the workers and costs nothing', async () => {
  const { members } = await openSwarm(['chromium', 'chromium'])
  const [requester, worker] = members as [Member, Member]
  const job = await submit(requester, someTexts(250, 60), 1)
  await viewWhere(worker.dashboard, `view.work.some((w) => w.state === 'executing')`)
  await expect.poll(() => worker.dashboard.evaluate('chrome.action.getTitle({})')).toBe('Edge-Net: Working')
  await requester.dashboard.click('[data-testid="cancel"]')
  await jobWhere(requester, job, `job.state === 'cancelled' && job.costMicro === 0`)
  await viewWhere(worker.dashboard, `view.work.some((w) => w.state === 'released')`)
  await viewWhere(requester.dashboard, `view.credits.reservedMicro === 0 && view.credits.availableMicro === ${grantMicro}`)
  expect(await earnedMicro(worker)).toBe(grantMicro)
})

test('a profile rolled back to an older copy neither forks nor loses', async () => {
  test.setTimeout(200_000)
  const { requester, worker } = await openPair()
  await settledJob(requester, await submit(requester, someTexts(3), 1))
  await requester.browser.killHard()
  const profile = requester.browser.profileDir
  const copy = `${profile}-copy`
  // Chromium's lock is a socket, which no copy needs.
  cpSync(profile, copy, { recursive: true, filter: (path) => !path.includes('Singleton') })
  try {
    const again = await launch('chromium', { profileDir: profile })
    const dashboard = await again.openDashboard()
    const later = { dashboard }
    await viewWhere(dashboard, `view.peers.some((p) => p.role === 'node')`)
    await settledJob(later, await submit(later, someTexts(4), 1))
    await again.killHard()
    const old = await launch('chromium', { profileDir: copy })
    const rolledBack = { dashboard: await old.openDashboard() }
    await viewWhere(rolledBack.dashboard, `view.credits.spentMicro === ${7 * perText} && view.peers.some((p) => p.role === 'node')`)
    await settledJob(rolledBack, await submit(rolledBack, someTexts(5), 1))
    await earns(worker, grantMicro + 12 * perText)
    await viewWhere(rolledBack.dashboard, `view.credits.availableMicro === ${grantMicro - 12 * perText}`)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
})
