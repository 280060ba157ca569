/**
 * Uptime of a peer as this node saw it: time answering ÷ time between hello and goodbye (spec: economy.md, *Reputation*). Absence
 * costs nothing, silence while connected does. It is measured in agent/presence.ts.
 */

/** 0 … 1. Who was never connected has not been silent either: 1, so that a newcomer is judged by its prior alone. */
export const uptimeShare = ({ answeredMs, connectedMs }: { readonly answeredMs: number; readonly connectedMs: number }): number =>
  connectedMs > 0 ? Math.min(1, Math.max(0, answeredMs) / connectedMs) : 1
