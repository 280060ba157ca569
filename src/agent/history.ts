/** The own account's history as people read it, and the check of a single entry of it. */
import { rulesOf } from '../economy/policy-codec.ts'
import { carriedClaim } from '../economy/succession.ts'
import type { NodeId } from '../identity/keys.ts'
import { toHex } from '../lib/bytes.ts'
import { ok, type Result } from '../lib/result.ts'
import type { StatementKind, StatementLine } from '../vault/statement.ts'
import type { VaultError } from '../vault/vault.ts'
import { checkEntry, type EntryCheck } from './check-entry.ts'
import type { AgentDeps, Membership } from './deps.ts'

export interface HistoryLine extends Omit<StatementLine, 'kind'> {
  /**
   * granted: received from the swarm's issuer. carried: from it, for what the device had in the predecessor. moved: from another device
   * of the identity, whose takeover was begun here or of which the relays told.
   */
  readonly kind: StatementKind | 'granted' | 'carried' | 'moved'
  /** The witnesses have certified it. */
  readonly certified: boolean
}

export interface History {
  /** Lines of entries below number `before` (null: the newest), newest first. */
  readonly page: (before: number | null) => Promise<Result<{ readonly lines: readonly HistoryLine[]; readonly more: boolean }, VaultError>>
  readonly check: (seq: number) => Promise<Result<EntryCheck, VaultError>>
}

/** `isOwn`: it is another device of this identity. */
export const createHistory = (
  { vault, verifier }: Pick<AgentDeps, 'vault' | 'verifier'>,
  { policy, device }: Membership,
  isOwn: (party: NodeId) => boolean,
): History => {
  const [rules, issuer] = [rulesOf(policy), toHex(policy.issuer)]
  const kindOf = ({ kind, party, claim }: StatementLine): HistoryLine['kind'] => {
    if (kind !== 'received' || party === null) return kind
    if (party === issuer) return claim === carriedClaim ? 'carried' : 'granted'
    return isOwn(party) ? 'moved' : kind
  }
  return {
    page: async (before) => {
      const read = await vault.call('statement', 'statement', { before })
      if (!read.ok) return read
      const { lines, certified, more } = read.value
      return ok({ lines: lines.map((line) => ({ ...line, kind: kindOf(line), certified: line.seq <= certified })).reverse(), more })
    },
    check: async (seq) => {
      const proof = await vault.call('entryProof', 'entryProof', { seq })
      if (!proof.ok) return proof
      return ok(await checkEntry(verifier, rules, { seq, author: device.device, identity: device.root }, proof.value))
    },
  }
}
