/** What an attacker is given, and what kinds of attack return. */
import type { Random } from '../../../src/lib/random.ts'
import { randomBelow } from '../../../src/lib/random.ts'
import type { MemberBehaviour, MemberMachine } from '../member-machine.ts'
import type { World } from '../world.ts'

export interface Stage {
  readonly world: World
  readonly member: MemberMachine
  /** All of its own kind that belong together, itself among them. */
  readonly group: readonly MemberMachine[]
  readonly random: Random
  /** By how much longer than among few its waits are: all ask less often where they are many. */
  readonly slower: number
  readonly over: () => boolean
}

export interface Attacker {
  readonly behaviour: MemberBehaviour
  /** What it computes for others is right. */
  readonly worksHonestly: boolean
  /** What it does by itself, from when it has joined. */
  readonly act?: (stage: Stage) => void
  /** Names of keys that it holds beside its own. */
  readonly accomplices?: readonly string[]
}

/** Again and again until the attack is over, each time after a wait by chance. */
export const nowAndThen = (
  stage: Pick<Stage, 'world' | 'random' | 'slower' | 'over'>,
  leastMs: number,
  mostMs: number,
  act: () => unknown,
): void =>
  void stage.world.clock.after(Math.round(stage.slower * (leastMs + randomBelow(stage.random, mostMs - leastMs + 1))), () => {
    if (stage.over()) return
    act()
    nowAndThen(stage, leastMs, mostMs, act)
  })
