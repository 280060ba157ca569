/** Model cards that a new swarm's policy shall list, from files. */
import { readFile } from 'node:fs/promises'
import { err, ok, type Result } from '../lib/result.ts'
import type { ModelCard } from '../tasks/model-card.ts'

/** Read as what they claim to be: they are checked as part of the policy that they go into. */
export const readCards = async (files: readonly string[]): Promise<Result<readonly ModelCard[], string>> => {
  const cards: ModelCard[] = []
  for (const file of files) {
    try {
      const card = JSON.parse(await readFile(file, 'utf8')) as ModelCard
      if (typeof card?.name !== 'string' || !Array.isArray(card.files))
        return err(`${file} is no model card: it needs at least name and files`)
      cards.push(card)
    } catch (error) {
      return err(`the model card ${file} cannot be read: ${(error as Error).message}`)
    }
  }
  return ok(cards)
}

/** Given ones stand for those of the same name. */
export const withCards = (own: readonly ModelCard[], given: readonly ModelCard[]): readonly ModelCard[] => [
  ...own.filter((card) => !given.some((other) => other.name === card.name)),
  ...given,
]
