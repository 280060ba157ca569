/** Exact search as one writes it in plain JavaScript: a loop of products, and the best rows kept in order. */
export const plainTopK = (vectors: Float32Array, dimension: number, queries: Float32Array, k: number): number[][] => {
  const found: number[][] = []
  for (let query = 0; query < queries.length; query += dimension) {
    const best: { row: number; score: number }[] = []
    for (let from = 0, row = 0; from < vectors.length; from += dimension, row++) {
      let score = 0
      for (let i = 0; i < dimension; i++) score += vectors[from + i]! * queries[query + i]!
      if (best.length === k && score <= best[k - 1]!.score) continue
      if (best.length === k) best.pop()
      let place = best.length
      while (place > 0 && best[place - 1]!.score < score) place--
      best.splice(place, 0, { row, score })
    }
    found.push(best.map(({ row }) => row))
  }
  return found
}
