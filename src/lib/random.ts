/** Randomness as an argument: the shells pass the operating system's, tests a seeded generator. */
import { type Bytes, sha256, utf8 } from './bytes.ts'

export interface Random {
  readonly bytes: (length: number) => Bytes
}

/** Uniform integer in [0, below); `below` ≤ 2^32. Rejection sampling, so without modulo bias. */
export const randomBelow = (random: Random, below: number): number => {
  const limit = Math.floor(0x1_0000_0000 / below) * below
  for (;;) {
    const [a, b, c, d] = random.bytes(4) as unknown as [number, number, number, number]
    const value = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
    if (value < limit) return value % below
  }
}

/** So many of them, all equally likely, in an order by chance: the first steps of Fisher–Yates on a copy. */
export const sample = <T>(random: Random, items: readonly T[], count: number): T[] => {
  const out = [...items]
  const drawn = Math.min(count, out.length)
  for (let i = 0; i < drawn && i < out.length - 1; i++) {
    const j = i + randomBelow(random, out.length - i)
    ;[out[i], out[j]] = [out[j]!, out[i]!]
  }
  return out.slice(0, drawn)
}

export const shuffled = <T>(random: Random, items: readonly T[]): T[] => sample(random, items, items.length)

/** Deterministic stream: SHA-256 in counter mode over the seed. For tests and simulations, never for keys. */
export const createSeededRandom = (seed: string | number): Random => {
  let counter = 0
  let block: Bytes = new Uint8Array(0)
  let at = 0
  return {
    bytes: (length) => {
      const out = new Uint8Array(length)
      for (let i = 0; i < length; i++) {
        if (at === block.length) {
          block = sha256(utf8(`edge-net/seed/${seed}/${counter++}`))
          at = 0
        }
        out[i] = block[at++]!
      }
      return out
    },
  }
}
