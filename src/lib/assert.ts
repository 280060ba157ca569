/** For what cannot happen unless this program is wrong. Never reachable from what a peer, a page or a file says. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${what}`)
}
