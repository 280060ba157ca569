/**
 * Uptime of a peer as this node saw it: time answering ÷ time between hello and goodbye (spec: economy.md, *Reputation*). Absence
 * costs nothing, silence while connected does. Plain data; times are ms by the viewer's clock, and one that goes back counts 0.
 */

export interface Uptime {
  readonly answeredMs: number
  readonly connectedMs: number
  /** Up to when it has been counted; null: not connected. */
  readonly countedToMs: number | null
}

export const noUptime: Uptime = { answeredMs: 0, connectedMs: 0, countedToMs: null }

export const onHello = (uptime: Uptime, nowMs: number): Uptime => ({ ...uptime, countedToMs: nowMs })

/** What passed since the last probe (or hello) counts as answered or not by what this one brought. */
export const onProbe = (uptime: Uptime, answered: boolean, nowMs: number): Uptime => {
  if (uptime.countedToMs === null) return uptime
  const passedMs = Math.max(0, nowMs - uptime.countedToMs)
  return {
    answeredMs: uptime.answeredMs + (answered ? passedMs : 0),
    connectedMs: uptime.connectedMs + passedMs,
    countedToMs: nowMs,
  }
}

/** An orderly goodbye is an answer; a connection that was lost is `onProbe` unanswered, then this. */
export const onGoodbye = (uptime: Uptime, nowMs: number): Uptime => ({ ...onProbe(uptime, true, nowMs), countedToMs: null })

/** 0 … 1. Who was never connected has not been silent either: 1, so that a newcomer is judged by its prior alone. */
export const uptimeShare = ({ answeredMs, connectedMs }: { readonly answeredMs: number; readonly connectedMs: number }): number =>
  connectedMs > 0 ? Math.min(1, Math.max(0, answeredMs) / connectedMs) : 1
