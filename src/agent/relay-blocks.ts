/**
 * In which blocks of addresses this relay has seen a peer, as labels that only this relay's other labels can be compared with. A machine
 * that is linked by one family of addresses now and by the other later has both: its identities cannot be told apart by either.
 */
import type { NodeId, PublicKey } from '../identity/keys.ts'
import { type Bytes, concat, sha256, toHex, utf8 } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import { addressBlock } from '../network/address-block.ts'
import type { Network } from '../network/network.ts'
import { blocksPerDeviceMax, type WireBody } from '../network/wire.ts'

/** A secret lasts as long, and no longer than the process: labels do not follow anybody about, nor what was seen under an earlier one. */
const saltMs = 24 * 60 * 60_000
/** Devices of which earlier blocks are remembered; the longest unseen are forgotten first. */
const devicesMax = 10_000

export interface BlockLabels {
  /** It is linked: where it is now is remembered. */
  readonly see: (device: PublicKey) => void
  /** Undefined: it is not linked, or it cannot be seen where it is. */
  readonly of: (device: PublicKey) => WireBody<'head'>['block']
}

export const createBlockLabels = ({
  clock,
  random,
  network,
}: {
  readonly clock: Clock
  readonly random: Random
  readonly network: Pick<Network, 'peer'>
}): BlockLabels => {
  let secret: { readonly bytes: Bytes; readonly madeMs: number } | undefined
  const seen = new Map<NodeId, ReadonlySet<string>>()
  const labelled = (what: string): Bytes => sha256(concat(utf8(`edge-net/${what}\0`), secret!.bytes)).slice(0, 16)
  const see = (device: PublicKey): ReadonlySet<string> | undefined => {
    const id = toHex(device)
    const address = network.peer(id)?.address
    const block = address === undefined ? undefined : addressBlock(address)
    if (block === undefined) return undefined
    if (!secret || clock.now() - secret.madeMs >= saltMs) {
      secret = { bytes: random.bytes(32), madeMs: clock.now() }
      seen.clear()
    }
    const earlier = [...(seen.get(id) ?? [])].filter((one) => one !== block)
    const blocks = new Set([...earlier, block].slice(-blocksPerDeviceMax))
    seen.delete(id)
    seen.set(id, blocks)
    if (seen.size > devicesMax) seen.delete(seen.keys().next().value!)
    return blocks
  }
  return {
    see,
    of: (device) => {
      const blocks = see(device)
      return blocks && { salt: labelled('block-salt'), labels: [...blocks].map((block) => labelled(`block ${block}`)) }
    },
  }
}
