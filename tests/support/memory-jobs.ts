/** What tests of jobs over a memory swarm have in common. */
import type { Job } from '../../src/agent/jobs.ts'
import type { Task } from '../../src/contract/requester.ts'
import { grantMicro, type MemoryAgent, type MemorySwarm } from './memory-agents.ts'

/** All have their grant and a link to each other. */
export const allReady = (swarm: MemorySwarm, agents: readonly MemoryAgent[]): Promise<void> =>
  swarm.until('all have their grant and know each other', () =>
    agents.every((a) => {
      const { credits, peers } = a.agent().view()
      return credits.earnedMicro >= grantMicro && peers.filter((p) => p.role === 'node').length >= agents.length - 1
    }),
  )

export const numberedTexts = (n: number): readonly string[] => Array.from({ length: n }, (_, i) => `text number ${i}`)

/** Texts `text number 0…`, ids `id 0…`; the job's id. */
export const submitTexts = async (requester: MemoryAgent, n: number, redundancy: number): Promise<string> => {
  const texts = numberedTexts(n)
  const job = await requester
    .agent()
    .jobs.submit({ texts, ids: texts.map((_, i) => `id ${i}`), model: 'mini', redundancy, title: 't', where: 'network' })
  if (!job.ok) throw new Error(JSON.stringify(job.error))
  return job.value
}

export const jobOf = (requester: MemoryAgent, id: string): Job =>
  requester
    .agent()
    .jobs.list()
    .find((j) => j.id === id)!

/** Its tasks as they are stored. */
export const storedTasks = async (requester: MemoryAgent): Promise<readonly Task[]> =>
  (await requester.store().list('tasks')).map(([, task]) => task as unknown as Task)

/** Lets time pass in steps that leave the promises of each second time to settle. */
export const pass = async (swarm: MemorySwarm, ms: number, stepMs = 100): Promise<void> => {
  for (let passed = 0; passed < ms; passed += stepMs) await swarm.clock.advance(stepMs)
}
