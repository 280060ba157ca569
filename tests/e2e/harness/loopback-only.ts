/**
 * A small job in a world with no network but loopback, where browsers have no address to offer each other. Run as a program
 * inside such a world (`unshare --net`); what came of it is one line of JSON on stdout.
 */
import { currentView, viewWhere } from './agent-page.ts'
import { cleanUp } from './cleanup.ts'
import { launchChromium } from './launch-chromium.ts'
import { startRelay } from './relay.ts'
import { earnedMicro, join, jobWhere, someTexts, submit } from './swarm.ts'

export interface LoopbackReport {
  readonly job: { readonly state: string; readonly failure: unknown; readonly costMicro: number }
  /** How the two were linked with each other: by nothing, where only the relay was between them. */
  readonly direct: number
  readonly spentMicro: number
  readonly earnedMicro: number
}

const run = async (): Promise<LoopbackReport> => {
  const relay = await startRelay()
  const requester = await join(await launchChromium(), relay.link)
  const worker = await join(await launchChromium(), relay.link)
  const id = await submit(requester, someTexts(5), 1)
  const { state, failure, costMicro } = await jobWhere(requester, id, `['done', 'failed'].includes(job.state)`, 90_000)
  const settled = await viewWhere(requester.dashboard, 'view.credits.owedMicro === 0 && view.credits.reservedMicro === 0')
  await viewWhere(worker.dashboard, 'view.credits.pendingMicro === 0')
  return {
    job: { state, failure, costMicro },
    direct: (await currentView(worker.dashboard)).peers.filter((p) => p.via === 'webrtc').length,
    spentMicro: settled.credits.spentMicro,
    earnedMicro: await earnedMicro(worker),
  }
}

void run()
  .then((report) => console.log(JSON.stringify(report)))
  .catch((error: unknown) => {
    console.error(error)
    process.exitCode = 1
  })
  .then(() => cleanUp())
