/**
 * Three that surround one honest machine: they look for links with it and with each other only, name nobody but themselves when
 * asked whom they know, introduce it to nobody, carry nothing to it and nothing from it. For the rest they work like anyone, so
 * that the one in the middle has reason to keep them, and theirs would be all its work.
 *
 * All of it is done on the wire: the network core keeps its neighbours to itself.
 */
import { toHex, type Bytes } from '../../../src/lib/bytes.ts'
import { type Cbor, decodeCanonical, encode } from '../../../src/lib/cbor.ts'
import type { Link } from '../../../src/network/ports.ts'
import type { MemberTools } from '../member-machine.ts'
import type { Attacker } from './stage.ts'

/** The first honest member of every swarm. */
export const surrounded = 'm0'

/** A frame as far as it is looked at; frames of other forms pass. */
type Frame = readonly [type: string, body: Readonly<Record<string, Cbor>>]
const read = (bytes: Uint8Array): Frame | undefined => {
  const decoded = decodeCanonical(bytes)
  return decoded.ok && Array.isArray(decoded.value) ? (decoded.value as unknown as Frame) : undefined
}
const write = (frame: Frame): Bytes => encode(frame as unknown as Cbor)
const idOf = (key: Cbor | undefined): string => (key instanceof Uint8Array ? toHex(key) : '')
/** Who wrote what is passed on. */
const authorOf = (message: Cbor | undefined): string => {
  const decoded = message instanceof Uint8Array ? decodeCanonical(message) : undefined
  return decoded?.ok ? idOf((decoded.value as { readonly from?: Cbor }).from) : ''
}

export const eclipser = (name: string, group: readonly string[]): Attacker => {
  const link = (inner: Link, { world, identity }: MemberTools): Link => {
    const idOfName = (name: string): string => toHex(world.keys.signer(`${name}/device`).publicKey)
    const own = toHex(identity.device.device)
    const [victim, ours] = [idOfName(surrounded), new Set(group.map(idOfName))]
    let peer = ''
    const told = new Set<string>()
    const keepBack = (type: string): undefined => {
      if (!told.has(type)) world.log.note(`${name} keeps back ${type}`)
      told.add(type)
    }

    /** Undefined: it is kept back. */
    const said = (bytes: Uint8Array): Uint8Array | undefined => {
      const [type, body] = read(bytes) ?? []
      if (type === 'neighbours') return write([type, { ...body, peers: (body!['peers'] as Cbor[]).filter((key) => ours.has(idOf(key))) }])
      if (type === 'introduce') return ours.has(idOf(body!['from'])) ? bytes : keepBack(type)
      if (type !== 'signed') return bytes
      const author = authorOf(body!['message'])
      return author !== own && (peer === victim || author === victim) ? keepBack(type) : bytes
    }
    const heard = (bytes: Bytes): Bytes => {
      const [type, body] = read(bytes) ?? []
      if (type === 'hello') peer = idOf(body!['device'])
      if (type !== 'neighbours') return bytes
      return write([type, { ...body, peers: (body!['peers'] as Cbor[]).filter((key) => idOf(key) === victim || ours.has(idOf(key))) }])
    }
    return {
      ...inner,
      send: (frame) => {
        const passed = said(frame)
        if (passed) inner.send(passed)
      },
      open: (handlers) => inner.open({ ...handlers, onFrame: (frame) => handlers.onFrame(heard(frame)) }),
    }
  }
  return { worksHonestly: true, behaviour: { link } }
}
