/**
 * `embed.texts`: texts a second of the extension's engine beside transformers.js, in the same Chromium, with all cores, each at
 * its best setting. The texts are cut in rounds; in each round both sides do the same ones, and the median round counts.
 *
 * `embed.cost`: processor time for what costs one credit, so that prices can follow cost.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { microPerCredit } from '../../src/economy/policy-codec.ts'
import type { ModelCard } from '../../src/tasks/model-card.ts'
import { mini, minilm } from '../../src/tasks/models.ts'
import { type Figure, median, round2, rounds } from './figure.ts'
import { minilmFolder, type OpenPage, openPage } from './open-page.ts'

const batches = [1, 8, 32]
const calibrationTexts = 60
const costTextsMax = 500

export const benchEmbed = async (textsMax = 2000): Promise<readonly Figure[]> => {
  const card = minilmFolder() === undefined ? mini : minilm
  if (card === mini) console.error('embed.texts: with mini, because EDGE_NET_MODELS names no folder with MiniLM')
  const texts = benchTexts().slice(0, textsMax)
  return withPage(async ({ call }) => {
    const sample = texts.slice(0, calibrationTexts)
    await call('ours', card, sample)
    await call('theirs', card, sample, 1)
    let best = { batch: 1, ms: Infinity }
    for (const batch of batches) {
      const ms = await call('theirs', card, sample, batch)
      if (ms < best.ms) best = { batch, ms }
    }
    console.error(`embed.texts: ${texts.length} texts, ${card.name}; transformers.js is fastest with ${best.batch} texts a run`)

    const rates: { readonly ours: number; readonly theirs: number }[] = []
    for (let round = 0; round < rounds; round++) {
      // Every fifth text, so that each round has short and long ones.
      const some = texts.filter((_, i) => i % rounds === round)
      const rate = async (side: () => Promise<number>): Promise<number> => (some.length / (await side())) * 1000
      // Whoever rested has to wake up first, and who begins takes turns.
      await call('ours', card, some.slice(0, 8))
      await call('theirs', card, some.slice(0, 8), best.batch)
      const first = round % 2 === 0 ? await rate(() => call('ours', card, some)) : undefined
      const their = await rate(() => call('theirs', card, some, best.batch))
      rates.push({ ours: first ?? (await rate(() => call('ours', card, some))), theirs: their })
    }
    return [
      {
        name: 'embed.texts',
        value: round2(median(rates.map((r) => r.ours))),
        unit: `texts/s ${card.name}`,
        n: texts.length,
        baseline: round2(median(rates.map((r) => r.theirs))),
        ratio: round2(median(rates.map((r) => r.ours / r.theirs))),
      },
    ]
  })
}

export const benchCost = (): Promise<readonly Figure[]> =>
  withPage(async (page) => {
    const texts = benchTexts().slice(0, costTextsMax)
    const figures = [await costOf(page, mini, texts)]
    if (minilmFolder() === undefined) console.error('embed.cost: without minilm, because EDGE_NET_MODELS names no folder with it')
    else figures.push(await costOf(page, minilm, texts))
    return figures
  })

const costOf = async ({ call, cpuSeconds }: OpenPage, card: ModelCard, texts: readonly string[]): Promise<Figure> => {
  const credits = (await call('units', card, texts)) / microPerCredit
  // Loading and compiling are paid once, not per text.
  await call('ours', card, texts.slice(0, calibrationTexts))
  const costs: number[] = []
  for (let round = 0; round < rounds; round++) {
    const before = await cpuSeconds()
    await call('ours', card, texts)
    costs.push((((await cpuSeconds()) - before) * 1000) / credits)
  }
  return { name: 'embed.cost', value: round2(median(costs)), unit: `CPU-ms per credit ${card.name}`, n: texts.length }
}

/** Real ones where they lie on this machine, else the demo's. */
const benchTexts = (): readonly string[] => {
  const corpus = process.env.EDGE_NET_CORPUS
  const file = corpus === undefined ? undefined : join(corpus, 'packages-2k.jsonl')
  const lines = readFileSync(file ?? 'scripts/demo/texts.txt', 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  return file === undefined ? lines : lines.map((line) => (JSON.parse(line) as { readonly text: string }).text)
}

const withPage = async <T>(measure: (page: OpenPage) => Promise<T>): Promise<T> => {
  const page = await openPage()
  try {
    return await measure(page)
  } finally {
    await page.close()
  }
}
