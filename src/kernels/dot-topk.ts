/**
 * Exact top-k by dot product (AssemblyScript, plain SIMD128: no relaxed instruction, no fused multiply-add).
 *
 * The order of summation is fixed, so scores are equal bits on every machine: four accumulators of four lanes over steps of 16,
 * then one over steps of 4, then the rest one by one; ((a0 + a1) + (a2 + a3)) + a4, its lanes (0 + 1) + (2 + 3), plus the rest.
 * Ties go to the lower row; a score that is not a number counts as -infinity.
 *
 * The caller grows the memory, lays the operands into it from `base` on, and calls `search`: rows n × d, queries q × d (f32),
 * then for each query k row numbers (i32) and k scores (f32), best first.
 */

/** First byte after what the compiler keeps for itself. */
export function base(): usize {
  return (__heap_base + 15) & ~15
}

/** Rows that are taken for all queries before the next ones are: they stay in the processor's cache. */
const blockRows: i32 = 64

function dot(a: usize, b: usize, d: i32): f32 {
  let s0 = f32x4.splat(0)
  let s1 = f32x4.splat(0)
  let s2 = f32x4.splat(0)
  let s3 = f32x4.splat(0)
  let s4 = f32x4.splat(0)
  let i = 0
  for (; i + 16 <= d; i += 16) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(a), v128.load(b)))
    s1 = f32x4.add(s1, f32x4.mul(v128.load(a, 16), v128.load(b, 16)))
    s2 = f32x4.add(s2, f32x4.mul(v128.load(a, 32), v128.load(b, 32)))
    s3 = f32x4.add(s3, f32x4.mul(v128.load(a, 48), v128.load(b, 48)))
    a += 64
    b += 64
  }
  for (; i + 4 <= d; i += 4) {
    s4 = f32x4.add(s4, f32x4.mul(v128.load(a), v128.load(b)))
    a += 16
    b += 16
  }
  const s = f32x4.add(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)), s4)
  let sum: f32 = f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3))
  for (; i < d; i++) {
    sum += load<f32>(a) * load<f32>(b)
    a += 4
    b += 4
  }
  return sum
}

export function search(rows: usize, n: i32, d: i32, queries: usize, q: i32, k: i32, outRows: usize, outScores: usize): void {
  const rowBytes = (<usize>d) << 2
  const outBytes = (<usize>k) << 2
  for (let start = 0; start < n; start += blockRows) {
    const end = min(n, start + blockRows)
    for (let query = 0; query < q; query++) {
      const vector = queries + <usize>query * rowBytes
      const bestRows = outRows + <usize>query * outBytes
      const bestScores = outScores + <usize>query * outBytes
      for (let row = start; row < end; row++) {
        let score = dot(rows + <usize>row * rowBytes, vector, d)
        if (score != score) score = -Infinity
        const held = min(row, k)
        if (held == k && !(score > load<f32>(bestScores + ((<usize>(k - 1)) << 2)))) continue
        insert(bestRows, bestScores, held < k ? held : k - 1, row, score)
      }
    }
  }
}

/** Puts a row at its place among the sorted best, from `at` upwards; equal scores keep their order. */
function insert(bestRows: usize, bestScores: usize, at: i32, row: i32, score: f32): void {
  let to = <usize>at
  while (to > 0 && score > load<f32>(bestScores + ((to - 1) << 2))) {
    store<f32>(bestScores + (to << 2), load<f32>(bestScores + ((to - 1) << 2)))
    store<i32>(bestRows + (to << 2), load<i32>(bestRows + ((to - 1) << 2)))
    to--
  }
  store<f32>(bestScores + (to << 2), score)
  store<i32>(bestRows + (to << 2), row)
}
