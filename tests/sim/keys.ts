/**
 * Keys of a simulated network: real Ed25519, signed by Node's native engine, and each signature checked once for all nodes.
 *
 * What a simulated key signed is known to be good; any other signature (a forger's) goes to noble, the judge of validity.
 * So a forged signature is found out as in real life, and a good one costs a look-up.
 */
import { createPrivateKey, createPublicKey, hash, sign as nativeSign } from 'node:crypto'
import { certifyDevice } from '../../src/identity/device.ts'
import type { DeviceCertificate, PublicKey, Signature, Signer, Verifier } from '../../src/identity/keys.ts'
import { createNobleVerifier } from '../../src/identity/noble.ts'
import { type Bytes, sha256, toHex, utf8 } from '../../src/lib/bytes.ts'
import type { KeyKeeper } from '../../src/vault/key-keeper.ts'

/** PKCS #8 head of an Ed25519 secret (RFC 8410, §7). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex')

export interface Keys {
  readonly verifier: Verifier
  /** The same name gives the same key. */
  readonly signer: (name: string) => Signer
  readonly identity: (name: string) => Promise<SimIdentity>
  /** Signatures that noble had to judge. */
  readonly judged: () => number
}

export interface SimIdentity {
  readonly root: Signer
  readonly signer: Signer
  readonly device: DeviceCertificate
}

export const createKeys = (seed: string): Keys => {
  const noble = createNobleVerifier()
  const known = new Map<string, boolean>()
  let judged = 0
  const nameOf = (signature: Uint8Array, message: Uint8Array, key: Uint8Array): string =>
    hash('sha256', Buffer.concat([signature, key, message]), 'base64')

  const signers = new Map<string, Signer>()
  const identities = new Map<string, Promise<SimIdentity>>()
  const once = <T>(made: Map<string, T>, name: string, make: () => T): T => {
    const before = made.get(name) ?? make()
    made.set(name, before)
    return before
  }

  const makeSigner = (name: string): Signer => {
    const secret = sha256(utf8(`edge-net/sim/${seed}/${name}`))
    const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Head, secret]), format: 'der', type: 'pkcs8' })
    const publicKey = new Uint8Array(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32)) as PublicKey
    return {
      publicKey,
      sign: async (message) => {
        const signature = new Uint8Array(nativeSign(null, message, privateKey)) as Signature
        known.set(nameOf(signature, message, publicKey), true)
        return signature
      },
    }
  }

  const signer = (name: string): Signer => once(signers, name, () => makeSigner(name))
  const makeIdentity = async (name: string): Promise<SimIdentity> => {
    const [root, own] = [signer(`${name}/root`), signer(`${name}/device`)]
    return { root, signer: own, device: await certifyDevice(root, own.publicKey) }
  }

  return {
    signer,
    judged: () => judged,
    identity: (name) => once(identities, name, () => makeIdentity(name)),
    verifier: {
      verify: async (signature, message, key) => {
        const name = nameOf(signature, message, key)
        const before = known.get(name)
        if (before !== undefined) return before
        judged++
        const good = await noble.verify(signature, message, key)
        known.set(name, good)
        return good
      },
    },
  }
}

/** The keeper of a machine that has its one device key already. */
export const keeperOf = ({ signer, device }: SimIdentity): KeyKeeper => ({
  generateDevice: async () => device.device,
  signer: async (wanted) => (toHex(wanted) === toHex(device.device) ? signer : undefined),
  wrap: async (secret) => secret.slice() as Bytes,
  unwrap: async (wrapped) => wrapped,
  retain: async () => {},
})
