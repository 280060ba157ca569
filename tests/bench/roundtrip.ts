/**
 * `task.roundtrip`: the smallest task from one real Chromium to another and back, warm: from the command in the requester's
 * page to the view in which the job is done. Each begins when the one before has been settled with its worker. The two take
 * turns, and as slowly as peers let an author sow.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { sowsPerMinuteAndAuthor } from '../../src/network/limits.ts'
import { viewWhere } from '../e2e/harness/agent-page.ts'
import { cleanUp } from '../e2e/harness/cleanup.ts'
import { openSwarm } from '../e2e/harness/swarm.ts'
import { type Figure, percentile, round2 } from './figure.ts'

const warmups = 6
const trips = 60
const tripMsMax = 60_000

export const benchRoundtrip = async (): Promise<readonly Figure[]> => {
  try {
    const { members } = await openSwarm(['chromium', 'chromium'])
    const everyMs = 60_000 / sowsPerMinuteAndAuthor / members.length
    // A minute's sows may come at once, less some that were said twice.
    const burst = (sowsPerMinuteAndAuthor / 2) * members.length
    const times: number[] = []
    for (let trip = 0; trip < warmups + trips; trip++) {
      if (trip >= burst) await pause(everyMs)
      const { dashboard } = members[trip % members.length]!
      await viewWhere(dashboard, 'view.credits.reservedMicro === 0')
      const ms = await dashboard.evaluate<number>(oneTrip(trip))
      if (trip >= warmups) times.push(ms)
    }
    console.error(`task.roundtrip: ${times.map(Math.round).join(' ')} ms`)
    return (
      [
        ['p50', 0.5],
        ['p99', 0.99],
      ] as const
    ).map(([name, share]) => ({ name: 'task.roundtrip', value: round2(percentile(times, share)), unit: `ms ${name}`, n: trips }))
  } finally {
    await cleanUp()
  }
}

const oneTrip = (trip: number): string => {
  const args = { texts: [`Text number ${trip}.`], ids: ['1'], model: 'mini', redundancy: 1, title: 'bench', where: 'network' }
  return `new Promise((resolve, reject) => {
  const channel = new BroadcastChannel('edge-net/ui')
  const start = performance.now()
  let job, last
  const ended = new Set()
  const end = (settle) => { clearTimeout(timer); channel.close(); settle() }
  const timer = setTimeout(() => end(() => reject(new Error('not done in time: ' + JSON.stringify(last)))), ${tripMsMax})
  const look = () => { if (ended.has(job)) end(() => resolve(performance.now() - start)) }
  channel.onmessage = ({ data }) => {
    if (data.re === 'bench/${trip}') {
      if (data.error) return end(() => reject(new Error(JSON.stringify(data.error))))
      job = data.ok.job
    }
    last = data.view?.jobs.find(({ id }) => id === job) ?? last
    for (const { id, state, failure } of data.view?.jobs ?? []) {
      if (state === 'done') ended.add(id)
      else if (failure && id === job) end(() => reject(new Error(JSON.stringify(failure))))
    }
    look()
  }
  channel.postMessage({ id: 'bench/${trip}', command: 'submit', args: ${JSON.stringify(args)} })
})`
}
