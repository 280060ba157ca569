/** Whom members turn to with the ledger, and what they keep for it: only on a witness's own word. */
import { describe, expect, test } from 'vitest'
import { createKeepsakes } from '../../../src/agent/keepsakes.ts'
import { createWitnessBook } from '../../../src/agent/witness-book.ts'
import { createNobleVerifier } from '../../../src/identity/noble.ts'
import { signCertificate } from '../../../src/ledger/certificate.ts'
import { signEntry } from '../../../src/ledger/entry.ts'
import type { Certificate } from '../../../src/ledger/types.ts'
import { signBinding } from '../../../src/ledger/witness-binding.ts'
import { sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createMemoryStore } from '../../../src/lib/store.ts'
import type { Peer } from '../../../src/network/network.ts'
import type { WireBody, WireMessage } from '../../../src/network/wire.ts'
import { named } from '../../support/vault-world.ts'

const verifier = createNobleVerifier()
const swarm = sha256(utf8('swarm'))
const [witness, other, issuer, founder, member] = ['witness', 'other', 'issuer', 'founder', 'member'].map(named) as [
  ReturnType<typeof named>,
  ReturnType<typeof named>,
  ReturnType<typeof named>,
  ReturnType<typeof named>,
  ReturnType<typeof named>,
]
const rules = { swarm, witnesses: [witness.publicKey] }
const peer = (device: Uint8Array<ArrayBuffer>, role: Peer['role'], via: Peer['via']): Peer => ({
  id: toHex(device),
  device,
  root: device,
  role,
  via,
  sinceMs: 0,
  silentMs: 0,
  sleptMs: 0,
  latencyMs: undefined,
})

const createNetwork = (peers: readonly Peer[]) => {
  const sent: (readonly [to: string, message: WireMessage])[] = []
  const sought: string[] = []
  return {
    sent,
    sought,
    peers: () => peers,
    seek: (id: string) => void sought.push(id),
    send: async (to: string, message: WireMessage) => {
      sent.push([to, message])
      return { ok: true, value: undefined } as const
    },
  }
}

describe('the book of witnesses', () => {
  test('a member becomes one to turn to by the word of a witness’s key, and is sought from then on', async () => {
    const network = createNetwork([peer(founder.publicKey, 'node', 'webrtc'), peer(member.publicKey, 'node', 'webrtc')])
    const book = createWitnessBook(verifier, rules, network)
    expect(book.relays()).toEqual([])
    const binding = await signBinding(witness, swarm, founder.publicKey)
    expect(await book.heard(binding, toHex(member.publicKey))).toBe(true)
    expect(await book.heard(binding, toHex(member.publicKey))).toBe(false)
    expect(book.relays()).toEqual([toHex(founder.publicKey)])
    expect(network.sought).toEqual([toHex(founder.publicKey)])
    book.tell('someone')
    expect(network.sent).toEqual([['someone', ['witness', binding]]])
  })

  test('nobody else’s word counts', async () => {
    const book = createWitnessBook(verifier, rules, createNetwork([peer(member.publicKey, 'node', 'webrtc')]))
    const good = await signBinding(witness, swarm, founder.publicKey)
    for (const binding of [
      { ...good, device: member.publicKey },
      await signBinding(other, swarm, member.publicKey),
      { ...(await signBinding(other, swarm, member.publicKey)), witness: witness.publicKey },
      await signBinding(witness, sha256(utf8('another swarm')), member.publicKey),
    ])
      for (const from of [member, founder]) expect(await book.heard(binding, toHex(from.publicKey))).toBe(false)
    expect(book.relays()).toEqual([])
    expect([member, founder].map(({ publicKey }) => book.witnessOf(toHex(publicKey)))).toEqual([undefined, undefined])
  })

  test('a device speaks for the witness that it says itself: another one that names it takes no voice away', async () => {
    const two = { swarm, witnesses: [witness.publicKey, other.publicKey] }
    const relay = named('relay')
    const network = createNetwork([peer(relay.publicKey, 'relay', 'url'), peer(founder.publicKey, 'node', 'webrtc')])
    const book = createWitnessBook(verifier, two, network)
    const claimed = (device: typeof relay) => signBinding(other, swarm, device.publicKey)
    for (const device of [relay, founder]) {
      const id = toHex(device.publicKey)
      await book.heard(await claimed(device), toHex(other.publicKey))
      await book.heard(await signBinding(witness, swarm, device.publicKey), id)
      await book.heard(await claimed(device), toHex(other.publicKey))
      expect(book.witnessOf(id)).toBe(toHex(witness.publicKey))
    }
    // Where a relay is stands in the link: it is neither sought nor told of.
    book.tell('someone')
    expect(network.sought).not.toContain(toHex(relay.publicKey))
    expect(network.sent.some(([, [type, body]]) => type === 'witness' && toHex(body.device) === toHex(relay.publicKey))).toBe(false)
  })

  test('a witness that binds ever more devices takes nobody’s voice away but theirs, and of these first of those that left', async () => {
    const [honest, liar, linked] = [named('honest relay'), named('a relay'), named('linked relay')]
    const network = createNetwork([honest, linked].map(({ publicKey }) => peer(publicKey, 'relay', 'url')))
    const book = createWitnessBook(verifier, { swarm, witnesses: [witness.publicKey, other.publicKey] }, network)
    const speak = async (of: typeof witness, { publicKey }: typeof witness) =>
      book.heard(await signBinding(of, swarm, publicKey), toHex(publicKey))
    await speak(witness, honest)
    await speak(other, linked)
    await speak(other, liar)
    for (let n = 0; n < 64; n++) await speak(other, named(`device ${n}`))
    const voice = (of: typeof witness) => book.witnessOf(toHex(of.publicKey))
    expect([honest, linked, liar].map(voice)).toEqual([toHex(witness.publicKey), toHex(other.publicKey), undefined])
  })

  test('relays by their address come beside them, and the witness in this process first', async () => {
    const relay = named('relay').publicKey
    const book = createWitnessBook(verifier, rules, createNetwork([peer(relay, 'relay', 'url'), peer(member.publicKey, 'node', 'url')]))
    book.setOwn(founder.publicKey)
    expect(book.relays()).toEqual([toHex(founder.publicKey), toHex(relay)])
    book.setOwn(undefined)
    expect(book.relays()).toEqual([toHex(relay)])
  })
})

describe('keepsakes', () => {
  const from = toHex(founder.publicKey)
  const entryOf = async (author: typeof issuer, time: number) => {
    const made = await signEntry(author, {
      v: 1,
      swarm,
      author: author.publicKey,
      seq: 1,
      prev: sha256(utf8('before')),
      time,
      ops: [{ op: 'pay', lines: [[member.publicKey, 5, 0, 0, 0]] }],
    })
    const certificate = await signCertificate(witness, swarm, { author: author.publicKey, seq: 1, id: made.id })
    return { entries: [made.bytes], certificate: certificate as NonNullable<WireBody<'entries'>['certificate']> }
  }
  const setUp = () => {
    const network = createNetwork([])
    const kept = createKeepsakes({
      store: createMemoryStore(),
      verifier,
      rules,
      issuer: issuer.publicKey,
      isWitness: (id) => id === from,
      network,
    })
    const told = async (author = issuer.publicKey, asker = from): Promise<readonly Certificate[]> => {
      network.sent.length = 0
      await kept.onRange(asker, { author, from: 0 })
      return network.sent.flatMap(([, [type, body]]) => (type === 'entries' && body.certificate ? [body.certificate] : []))
    }
    return { kept, told, network }
  }

  test('of the issuer’s and the witness’s own chain, told again to the witness, with an end', async () => {
    const { kept, told, network } = setUp()
    const [grant, own] = [await entryOf(issuer, 1), await entryOf(founder, 1)]
    await kept.onEntries(from, grant)
    await kept.onEntries(from, own)
    expect(await told()).toEqual([grant.certificate])
    expect(network.sent.at(-1)).toEqual([from, ['entries', { entries: [], certificate: null }]])
    expect(await told(founder.publicKey)).toEqual([own.certificate])
    expect(await told(issuer.publicKey, toHex(member.publicKey))).toEqual([])
    expect(network.sent).toEqual([])
  })

  test('nothing from others, of others, without a full certificate, or in the place of what was kept first', async () => {
    const { kept, told } = setUp()
    const grant = await entryOf(issuer, 1)
    await kept.onEntries(toHex(member.publicKey), grant)
    await kept.onEntries(from, { ...grant, certificate: null })
    await kept.onEntries(from, { ...grant, certificate: { ...grant.certificate, signatures: [] } })
    await kept.onEntries(from, { ...grant, entries: (await entryOf(issuer, 2)).entries })
    await kept.onEntries(from, await entryOf(other, 1))
    expect(await told()).toEqual([])
    await kept.onEntries(from, grant)
    await kept.onEntries(from, await entryOf(issuer, 2))
    expect(await told()).toEqual([grant.certificate])
  })
})
