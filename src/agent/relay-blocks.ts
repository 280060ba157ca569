/** In which block of addresses this relay sees a peer, as a label that only this relay's other labels can be compared with. */
import type { PublicKey } from '../identity/keys.ts'
import { type Bytes, concat, sha256, toHex, utf8 } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import { addressBlock } from '../network/address-block.ts'
import type { Network } from '../network/network.ts'
import type { WireBody } from '../network/wire.ts'

/** A secret lasts as long, and no longer than the process: labels do not follow anybody about. */
const saltMs = 24 * 60 * 60_000

export type LabelOf = (device: PublicKey) => WireBody<'head'>['block']

export const createBlockLabels = ({
  clock,
  random,
  network,
}: {
  readonly clock: Clock
  readonly random: Random
  readonly network: Pick<Network, 'peer'>
}): LabelOf => {
  let secret: { readonly bytes: Bytes; readonly madeMs: number } | undefined
  return (device) => {
    const address = network.peer(toHex(device))?.address
    const block = address === undefined ? undefined : addressBlock(address)
    if (block === undefined) return undefined
    if (!secret || clock.now() - secret.madeMs >= saltMs) secret = { bytes: random.bytes(32), madeMs: clock.now() }
    const labelled = (what: string): Bytes => sha256(concat(utf8(`edge-net/${what}\0`), secret!.bytes)).slice(0, 16)
    return { salt: labelled('block-salt'), label: labelled(`block ${block}`) }
  }
}
