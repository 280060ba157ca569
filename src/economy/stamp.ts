/**
 * The proof-of-work stamp that makes an identity cost something (spec: economy.md, *Identity cost*): Argon2id (RFC 9106), 16 MiB,
 * one pass, one lane, over device key and swarm with a nonce; good when the digest begins with so many zero bits. Memory-hard, so
 * that a farm of chips gains little on a laptop; bound to device and swarm, so that none can be used twice.
 *
 * Made step by step: a Worker runs the generator, posts its progress and is called off by an AbortSignal or by its end. Checked
 * once, by the witness that certifies the first entry, at the cost of one try.
 */
import { argon2id } from 'hash-wasm'
import type { PublicKey } from '../identity/keys.ts'
import type { SwarmId } from '../ledger/types.ts'
import type { CheckStamp } from '../ledger/witness-admission.ts'
import { type Bytes, concat, sha256, utf8 } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'

const memoryKiB = 16 * 1024
/** The nonce, big-endian. */
export const stampBytes = 8

export interface StampFor {
  readonly device: PublicKey
  readonly swarm: SwarmId
  /** 0: no stamp is asked for. */
  readonly bits: number
}

export type StampError = { readonly type: 'stamp'; readonly reason: 'length' | 'difficulty' }

/** Tries so far; on average it takes `triesExpected`, whatever was tried before. */
export type StampStep =
  | { readonly type: 'trying'; readonly tries: number; readonly triesExpected: number }
  | { readonly type: 'found'; readonly tries: number; readonly stamp: Bytes }
  | { readonly type: 'aborted'; readonly tries: number }

/** Each step is one try; the last one is `found` or `aborted`. */
export async function* findStamp(
  { device, swarm, bits }: StampFor,
  { signal, firstNonce = 0 }: { readonly signal?: AbortSignal; readonly firstNonce?: number } = {},
): AsyncGenerator<StampStep, void, void> {
  if (bits === 0) {
    yield { type: 'found', tries: 0, stamp: new Uint8Array(0) }
    return
  }
  for (let tries = 0; ;) {
    if (signal?.aborted) {
      yield { type: 'aborted', tries }
      return
    }
    const stamp = nonceBytes(firstNonce + tries++)
    if (zeroBitsOf(await digestOf(stamp, device, swarm)) >= bits) {
      yield { type: 'found', tries, stamp }
      return
    }
    yield { type: 'trying', tries, triesExpected: 2 ** bits }
  }
}

/** Who makes one: a Worker, or a test. Undefined where it was called off or could not be. */
export type MakeStamp = (
  wanted: StampFor,
  how: { readonly signal: AbortSignal; readonly onTries: (tries: number) => void },
) => Promise<Bytes | undefined>

/** Costs one try where bits > 0 and the length is right; everything cheaper is to be checked before. */
export const verifyStamp = async (stamp: Uint8Array, { device, swarm, bits }: StampFor): Promise<Result<void, StampError>> => {
  if (bits === 0) return stamp.length === 0 || stamp.length === stampBytes ? ok(undefined) : err({ type: 'stamp', reason: 'length' })
  if (stamp.length !== stampBytes) return err({ type: 'stamp', reason: 'length' })
  return zeroBitsOf(await digestOf(stamp, device, swarm)) >= bits ? ok(undefined) : err({ type: 'stamp', reason: 'difficulty' })
}

/** What a witness asks of a new account, at the cost of one try. */
export const stampCheck =
  (swarm: SwarmId, bits: number): CheckStamp =>
  async ({ stamp }, device) =>
    (await verifyStamp(stamp, { device, swarm, bits })).ok

const digestOf = (stamp: Uint8Array, device: PublicKey, swarm: SwarmId): Promise<Uint8Array> =>
  argon2id({
    password: stamp,
    salt: sha256(concat(utf8('edge-net/stamp/1'), swarm, device)),
    iterations: 1,
    memorySize: memoryKiB,
    parallelism: 1,
    hashLength: 32,
    outputType: 'binary',
  })

const zeroBitsOf = (digest: Uint8Array): number => {
  const at = digest.findIndex((byte) => byte !== 0)
  return at < 0 ? digest.length * 8 : at * 8 + Math.clz32(digest[at]!) - 24
}

const nonceBytes = (nonce: number): Bytes => {
  const bytes = new Uint8Array(stampBytes)
  for (let i = stampBytes - 1, rest = nonce; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256
  return bytes
}
