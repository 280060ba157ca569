/**
 * What relays show a node of the swarm's facts, believed only as far as it proves itself: verdicts against its own account, signed by
 * 2f+1 witnesses, and that more witnesses lie than the swarm bears. Both stand for ever, so both are kept; the vault is told of the
 * verdicts, so that it promises nothing that they have burned.
 *
 * | table    | key                  | value                          |
 * | -------- | -------------------- | ------------------------------ |
 * | findings | swarm/'broken'       | bytes of the proof             |
 * | findings | swarm/target/reason/offence | bytes of the verdict    |
 */
import type { NodeId, PublicKey, Verifier } from '../identity/keys.ts'
import { checkBrokenProof, parseBrokenProof } from '../ledger/broken-proof.ts'
import type { LedgerRules } from '../ledger/rules.ts'
import type { SwarmId } from '../ledger/types.ts'
import { isJudged, type JudgedReason, parseVerdict, slashRules, type Verdict, verdictKey, verifyVerdict } from '../ledger/verdict.ts'
import { type Bytes, equalBytes, toHex } from '../lib/bytes.ts'
import type { Store } from '../lib/store.ts'
import type { Network } from '../network/network.ts'
import type { Trouble } from './refusals.ts'

/** Told before the policy, and with it the witnesses' keys, are known: the last words of each, so that nobody's push out another's. */
const earlyPerPeerMax = 4
const earlyMax = 256

type Word = readonly [from: NodeId, type: 'verdict' | 'broken', bytes: Bytes]

export interface Findings {
  /** A relay's word, by whoever it comes: it is checked, not believed. */
  readonly hear: (from: NodeId, type: 'verdict' | 'broken', bytes: Bytes) => Promise<void>
  /** From now on words are checked; those of before are now. */
  readonly open: (rules: Pick<LedgerRules, 'swarm' | 'witnesses'>) => Promise<void>
  readonly trouble: () => Extract<Trouble, 'swarm-broken' | 'closed' | 'fined' | 'wrong-result'> | null
  /** By whose judgement's reason this account is closed; null: it is not, by what is known here. */
  readonly closedFor: () => JudgedReason | null
}

export const createFindings = (
  { store, verifier }: { readonly store: Store; readonly verifier: Verifier },
  { swarm, self, network }: { readonly swarm: SwarmId; readonly self: PublicKey; readonly network: Pick<Network, 'blame'> },
  changed: () => void,
  /** False where the vault has not kept it: it is told again, with the next word and the next start. */
  tellVault: (verdict: Bytes) => Promise<boolean>,
): Findings => {
  const prefix = `${toHex(swarm)}/`
  const verdicts = new Map<string, Verdict>()
  const told = new Set<string>()
  let broken = false
  let rules: Pick<LedgerRules, 'swarm' | 'witnesses'> | undefined
  let early: readonly Word[] = []

  const keep = async (key: string, bytes: Bytes): Promise<void> => {
    // Where it cannot be stored it is told again with the next link.
    await store.commit([{ table: 'findings', key: prefix + key, value: bytes }])
    changed()
  }
  const tell = async (key: string, bytes: Bytes): Promise<void> => {
    if (!told.has(key) && (await tellVault(bytes))) told.add(key)
  }
  const hear: Findings['hear'] = async (from, type, bytes) => {
    if (!rules) {
      const others = early.filter(([by]) => by !== from)
      const theirs = early.filter(([by]) => by === from).slice(1 - earlyPerPeerMax)
      return void (early = [...others, ...theirs, [from, type, bytes] as const].slice(-earlyMax))
    }
    if (type === 'broken') {
      if (broken) return
      const proof = parseBrokenProof(bytes)
      if (!proof.ok || !(await checkBrokenProof(verifier, rules, proof.value))) return network.blame(from, 'broken: proves nothing')
      broken = true
      return keep('broken', bytes)
    }
    const verdict = parseVerdict(bytes)
    if (!verdict.ok || !(await verifyVerdict(verifier, verdict.value, rules)).ok) return network.blame(from, 'verdict')
    const key = verdictKey(verdict.value)
    if (!equalBytes(verdict.value.target, self)) return
    const known = verdicts.has(key)
    verdicts.set(key, verdict.value)
    if (!known) await keep(key, bytes)
    await tell(key, bytes)
  }

  return {
    hear,
    open: async (known) => {
      for (const [key, bytes] of await store.list('findings', { prefix })) {
        const verdict = parseVerdict(bytes as Bytes)
        if (key === `${prefix}broken`) broken = true
        else if (verdict.ok && equalBytes(verdict.value.target, self)) {
          verdicts.set(verdictKey(verdict.value), verdict.value)
          await tell(verdictKey(verdict.value), bytes as Bytes)
        }
      }
      rules = known
      const words = early
      early = []
      for (const word of words) await hear(...word)
      changed()
    },
    closedFor: () => [...verdicts.values()].map(({ reason }) => reason).find(isJudged) ?? null,
    trouble: () => {
      if (broken) return 'swarm-broken'
      const against = [...verdicts.values()]
      if (against.some(({ reason }) => slashRules[reason].closes)) return 'closed'
      return against.some(({ reason }) => reason !== 'InvalidResult') ? 'fined' : against.length > 0 ? 'wrong-result' : null
    },
  }
}
