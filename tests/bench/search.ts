/** `search.exact`: one query, and 16 together, over 100 000 vectors in the engine's Worker, beside plain JavaScript in the same page. */
import { type Figure, median, round2, rounds } from './figure.ts'
import { openPage } from './open-page.ts'

const rowCount = 100_000
const dimension = 384
const k = 10

export const benchSearch = async (): Promise<readonly Figure[]> => {
  const { call, close } = await openPage()
  try {
    await call('fill', rowCount, dimension)
    const figures: Figure[] = []
    for (const queries of [1, 16]) {
      await call('search', queries, k)
      const times: { readonly oursMs: number; readonly plainMs: number }[] = []
      for (let round = 0; round < rounds; round++) times.push(await call('search', queries, k))
      figures.push({
        name: 'search.exact',
        value: round2(median(times.map((t) => t.oursMs))),
        unit: queries === 1 ? 'ms one query' : `ms ${queries} queries together`,
        n: rounds,
        baseline: round2(median(times.map((t) => t.plainMs))),
        ratio: round2(median(times.map((t) => t.plainMs / t.oursMs))),
      })
    }
    return figures
  } finally {
    await close()
  }
}
