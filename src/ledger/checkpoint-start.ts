/**
 * Starting from a checkpoint (spec: ledger.md, *Checkpoints, keeping, sync*): an account that is not known here begins at its leaf,
 * which the checkpoint's root proves, and goes on from there by its later entries. Each account is proved by itself and taken in one
 * commit, so that a start that is cut off at any place has taken some accounts and not others, as any replica has that is behind.
 */
import * as v from 'valibot'
import type { PublicKey, Verifier } from '../identity/keys.ts'
import { type Bytes, equalBytes, fromHex, toHex } from '../lib/bytes.ts'
import { type Cbor, encode } from '../lib/cbor.ts'
import { bytesUpTo, parseBytes } from '../lib/schema.ts'
import type { StoreValue, Write } from '../lib/store.ts'
import { balanceProofSchema, type BalanceProof, verifyBalanceProof } from './balance-proof.ts'
import { certificateSchema, verifyCertificate } from './certificate.ts'
import type { ChainState } from './chain-state.ts'
import { isStateOf } from './checkpoint.ts'
import { entryBytesMax, parseEntry, type ParsedEntry, payLines } from './entry.ts'
import { baseWrite, fillWrite } from './replica-bases.ts'
import { paidAtKey, place, type ReplicaRecords } from './replica-records.ts'
import type { LedgerRules } from './rules.ts'
import type { Certificate } from './types.ts'
import { verifyEntry } from './verify-entry.ts'
import { encodeState, parseState } from './whole-state.ts'

/** Of one account: some hundred thousand payers and payees. */
export const accountBytesMax = 16 * 1024 * 1024

/** An account as of a checkpoint. */
export interface ProvedAccount {
  readonly state: ChainState
  readonly proof: BalanceProof
  /** The head's, and the certificate on it. */
  readonly entry: ParsedEntry
  readonly certificate: Certificate
}

const schema = v.strictTuple([bytesUpTo(accountBytesMax), balanceProofSchema, bytesUpTo(entryBytesMax), certificateSchema])

export const encodeAccount = ({ state, proof, entry, certificate }: ProvedAccount): Bytes =>
  encode([encodeState(state), proof, entry.bytes, certificate] as unknown as Cbor)

/** What the checkpoint's root says of this author; undefined where the bytes do not show it. */
export const checkAccount = async (
  verifier: Verifier,
  rules: LedgerRules,
  root: Bytes,
  author: PublicKey,
  bytes: Uint8Array,
): Promise<ProvedAccount | undefined> => {
  const parsed = parseBytes(schema, bytes)
  if (!parsed.ok) return undefined
  const [stateBytes, proof, entryBytes, certificate] = parsed.value
  const [state, entry, leaf] = [await parseState(stateBytes), parseEntry(entryBytes), verifyBalanceProof(root, author, proof)]
  if (!state.ok || !entry.ok || !leaf.ok || !leaf.value) return undefined
  const { head } = state.value
  const proved = equalBytes(head.author, author) && isStateOf(leaf.value, state.value)
  const onHead = equalBytes(certificate.author, author) && certificate.seq === head.seq && equalBytes(certificate.id, head.id)
  if (!proved || !onHead || !equalBytes(entry.value.id, head.id)) return undefined
  // Its id says nothing of its signature, and it is passed on.
  if (!(await verifyEntry(verifier, rules, entry.value, head.identity)).ok) return undefined
  return (await verifyCertificate(verifier, certificate, rules))
    ? { state: state.value, proof, entry: entry.value, certificate }
    : undefined
}

/** The account begins here. `fill`: its earlier entries are to be fetched. */
export const startWrites = (records: ReplicaRecords, { state, entry, certificate }: ProvedAccount, fill: boolean): readonly Write[] => {
  const { author, seq } = state.head
  const named = new Set(payLines(entry.entry).map(([payee]) => toHex(payee)))
  return [
    ...records.entryWrites([entry], state),
    { table: 'certificates', key: place(author, seq), value: certificate as unknown as StoreValue },
    // What earlier entries paid, for claims of this entry or of a later one.
    ...[...state.paid].flatMap(([payee, { total, units }]): Write[] =>
      named.has(payee) ? [] : [{ table: 'paidAt', key: paidAtKey(author, fromHex(payee)!, seq), value: [total, units] }],
    ),
    ...(seq === 0 ? [] : [baseWrite(state), fillWrite(author, fill)]),
  ]
}
