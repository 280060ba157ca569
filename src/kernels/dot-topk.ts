/**
 * Exact top-k by dot product of one query with row-major float32 rows (AssemblyScript).
 *
 * Plain SIMD only, in one summation order, so every machine gives the same scores. Nothing is allocated here: the host grows the
 * memory from `heapBase` on and passes byte offsets. The k best so far are a heap with the worst on top, as two arrays: scores
 * (f32) and row numbers (u32). Rows are scanned in rising order and only a better score replaces, so a tie stays with the lower row.
 */

export function heapBase(): usize {
  return __heap_base
}

/** 16 floats a step in four sums, then 4, then single ones. Needs no alignment and no padding. */
@inline
function dot(a: usize, b: usize, dimension: i32): f32 {
  let s0 = f32x4.splat(0)
  let s1 = f32x4.splat(0)
  let s2 = f32x4.splat(0)
  let s3 = f32x4.splat(0)
  let i = 0
  for (; i + 16 <= dimension; i += 16) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(a), v128.load(b)))
    s1 = f32x4.add(s1, f32x4.mul(v128.load(a, 16), v128.load(b, 16)))
    s2 = f32x4.add(s2, f32x4.mul(v128.load(a, 32), v128.load(b, 32)))
    s3 = f32x4.add(s3, f32x4.mul(v128.load(a, 48), v128.load(b, 48)))
    a += 64
    b += 64
  }
  for (; i + 4 <= dimension; i += 4) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(a), v128.load(b)))
    a += 16
    b += 16
  }
  const s = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3))
  let sum: f32 = f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3))
  for (; i < dimension; i++) {
    sum += load<f32>(a) * load<f32>(b)
    a += 4
    b += 4
  }
  return sum
}

@inline
function isWorse(scoreA: f32, rowA: u32, scoreB: f32, rowB: u32): bool {
  return scoreA < scoreB || (scoreA == scoreB && rowA > rowB)
}

@inline
function place(scores: usize, ids: usize, slot: i32, score: f32, row: u32): void {
  store<f32>(scores + (<usize>slot << 2), score)
  store<u32>(ids + (<usize>slot << 2), row)
}

@inline
function scoreAt(scores: usize, slot: i32): f32 {
  return load<f32>(scores + (<usize>slot << 2))
}

@inline
function rowAt(ids: usize, slot: i32): u32 {
  return load<u32>(ids + (<usize>slot << 2))
}

function siftUp(scores: usize, ids: usize, slot: i32, score: f32, row: u32): void {
  while (slot > 0) {
    const parent = (slot - 1) >> 1
    const parentScore = scoreAt(scores, parent)
    const parentRow = rowAt(ids, parent)
    if (!isWorse(score, row, parentScore, parentRow)) break
    place(scores, ids, slot, parentScore, parentRow)
    slot = parent
  }
  place(scores, ids, slot, score, row)
}

function siftDown(scores: usize, ids: usize, held: i32, score: f32, row: u32): void {
  let slot = 0
  for (let child = 1; child < held; child = 2 * slot + 1) {
    const right = child + 1
    if (right < held && isWorse(scoreAt(scores, right), rowAt(ids, right), scoreAt(scores, child), rowAt(ids, child))) child = right
    const childScore = scoreAt(scores, child)
    const childRow = rowAt(ids, child)
    if (!isWorse(childScore, childRow, score, row)) break
    place(scores, ids, slot, childScore, childRow)
    slot = child
  }
  place(scores, ids, slot, score, row)
}

/**
 * Scans `rowCount` rows, the first of which is number `firstRow`, into a heap that already holds `held` of at most `k` (> 0) hits.
 * Returns how many it holds now. A score that is no number is no hit.
 */
export function scan(
  query: usize,
  dimension: i32,
  rows: usize,
  rowCount: i32,
  firstRow: u32,
  scores: usize,
  ids: usize,
  k: i32,
  held: i32,
): i32 {
  const rowBytes = <usize>dimension << 2
  for (let i = 0; i < rowCount; i++) {
    const score = dot(query, rows, dimension)
    rows += rowBytes
    if (score != score) continue
    if (held < k) siftUp(scores, ids, held++, score, firstRow + i)
    else if (score > scoreAt(scores, 0)) siftDown(scores, ids, k, score, firstRow + i)
  }
  return held
}
