/** Device certificates: a person's root key says that a device key is theirs (spec: ledger.md, *Keys and accounts*). */
import { type Bytes, concat, utf8 } from '../lib/bytes.ts'
import { encode } from '../lib/cbor.ts'
import type { DeviceCertificate, PublicKey, Signer, Verifier } from './keys.ts'

/** What the root key signs. */
export const deviceMessage = (root: PublicKey, device: PublicKey): Bytes => concat(utf8('edge-net/device/1'), encode([root, device]))

export const certifyDevice = async (root: Signer, device: PublicKey): Promise<DeviceCertificate> => ({
  root: root.publicKey,
  device,
  signature: await root.sign(deviceMessage(root.publicKey, device)),
})

export const verifyDevice = (verifier: Verifier, { root, device, signature }: DeviceCertificate): Promise<boolean> =>
  verifier.verify(signature, deviceMessage(root, device), root)
