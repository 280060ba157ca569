/** Whether the recovery phrase was really written down: three of its words are asked for, at places that cannot be guessed. */
export const askedWords = 3

/** Distinct places from 0 below `length`, ascending. `randomBelow` is uniform in [0, n). */
export const pickPlaces = (length: number, randomBelow: (n: number) => number): number[] => {
  const left = Array.from({ length }, (_, i) => i)
  const picked: number[] = []
  while (picked.length < Math.min(askedWords, length)) picked.push(...left.splice(randomBelow(left.length), 1))
  return picked.sort((a, b) => a - b)
}

const plain = (word: string): string => word.trim().toLowerCase()

/** Which of the typed words differ from the phrase; empty where all are right. */
export const wrongPlaces = (words: readonly string[], places: readonly number[], typed: readonly string[]): number[] =>
  places.filter((place, i) => plain(typed[i] ?? '') !== words[place])
