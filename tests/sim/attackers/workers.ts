/** Those who are paid for work: one answers wrongly, one answers noise at once or not at all. */
import type { Engine } from '../../../src/tasks/engine.ts'
import { createFakeEngine } from '../../support/fake-engine.ts'
import type { Attacker } from './stage.ts'

const msPerText = 10

/** Its lies are its own: two liars agree on nothing. */
export const liar = (name: string): Attacker => ({
  worksHonestly: false,
  behaviour: { engine: (_, { life }) => createFakeEngine({ clock: life.clock, lie: name, msPerText }) },
})

export const lazyWorker = (name: string): Attacker => {
  let asked = 0
  const embed =
    (noise: Engine): Engine['embed'] =>
    (request) => {
      if (asked++ % 2 === 0) return noise.embed(request)
      return new Promise((resolve) => request.signal?.addEventListener('abort', () => resolve({ ok: false, error: { type: 'aborted' } })))
    }
  return {
    worksHonestly: false,
    behaviour: {
      engine: (engine, { life }) => ({
        ...engine,
        embed: embed(createFakeEngine({ clock: life.clock, lie: `noise of ${name}`, msPerText: 0 })),
      }),
    },
  }
}
