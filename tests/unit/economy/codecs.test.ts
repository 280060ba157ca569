import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatLink, isRelayUrl, isTrackerUrl, linkPrefix, parseLink } from '../../../src/economy/link-codec.ts'
import type { SwarmLink } from '../../../src/economy/link.ts'
import {
  createPolicy,
  encodePolicy,
  encodeSignedPolicy,
  parseSignedPolicy,
  rulesOf,
  signPolicy,
  swarmIdOf,
  verifyPolicy,
} from '../../../src/economy/policy-codec.ts'
import type { Policy } from '../../../src/economy/policy.ts'
import { maxCostMicro, owedMicro, tabShare } from '../../../src/economy/price.ts'
import { issuanceDefaults } from '../../../src/ledger/issuance.ts'
import { fromBase64url, sha256, toBase64url } from '../../../src/lib/bytes.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { signerOf, startMs, verifier } from '../ledger/fixtures.ts'

const bytes = (n: number, length: number): Uint8Array<ArrayBuffer> => new Uint8Array(length).fill(n)
const link: SwarmLink = {
  swarm: bytes(1, 32),
  founder: bytes(2, 32),
  secret: bytes(3, 32),
  relays: ['ws://127.0.0.1:8787'],
  trackers: ['ws://127.0.0.1:8787/announce'],
  invite: bytes(4, 16),
}
const reasonOf = (text: string) => {
  const parsed = parseLink(text)
  return parsed.ok ? undefined : parsed.error.reason
}

describe('a link', () => {
  it('comes back as it was, with spaces around it and with every part null that may be', () => {
    expect(parseLink(` ${formatLink(link)}\n`)).toEqual({ ok: true, value: link })
    const bare = { ...link, secret: null, invite: null, relays: [], trackers: [] }
    expect(parseLink(formatLink(bare))).toEqual({ ok: true, value: bare })
  })

  it('says what is damaged', () => {
    const text = formatLink(link)
    const raw = (fields: readonly unknown[]): string => linkPrefix + toBase64url(encode(fields as never))
    expect(reasonOf('')).toBe('prefix')
    expect(reasonOf('https://example.org')).toBe('prefix')
    expect(reasonOf(text.replace('edgenet:1:', 'edgenet:2:'))).toBe('version')
    expect(reasonOf(text.replace(linkPrefix, `${linkPrefix} `))).toBe('characters')
    expect(reasonOf(`${text}=`)).toBe('characters')
    expect(reasonOf(text.slice(0, -5))).toBe('damaged')
    expect(reasonOf(linkPrefix)).toBe('damaged')
    expect(reasonOf('x'.repeat(5000))).toBe('too-long')
    expect(reasonOf(raw([link.swarm, link.founder, null, [], []]))).toBe('fields')
    expect(parseLink(raw([link.swarm, link.founder, bytes(1, 31), [], [], null]))).toMatchObject({
      error: { detail: 'secret: not 32 bytes' },
    })
    expect(reasonOf(raw([link.swarm, link.founder, null, ['ws://192.168.1.2:1'], [], null]))).toBe('relay')
    expect(reasonOf(raw([link.swarm, link.founder, null, [], ['http://tracker.example'], null]))).toBe('tracker')
    // The array's head 86 written in a longer form (98 06): same fields, another byte string.
    const long = new Uint8Array([0x98, 0x06, ...fromBase64url(text.slice(linkPrefix.length))!.slice(1)])
    expect(reasonOf(linkPrefix + toBase64url(long))).toBe('damaged')
  })

  it('never parses any of its own beginnings, and never throws', () => {
    const text = formatLink(link)
    for (let i = 0; i < text.length; i++) expect(parseLink(text.slice(0, i)).ok).toBe(false)
    fc.assert(fc.property(fc.string(), (tail) => void parseLink(linkPrefix + tail)))
  })

  it('takes wss anywhere and ws on this machine only', () => {
    for (const url of ['wss://relay.example', 'wss://relay.example:8443', 'ws://127.0.0.1:1', 'ws://localhost:1', 'wss://[2001:db8::1]:1'])
      expect([url, isRelayUrl(url)]).toEqual([url, true])
    for (const url of [
      'ws://relay.example',
      'ws://[::1]:1',
      'ws://127.0.0.1.example',
      'ws://localhost@evil.example',
      'wss://',
      'wss://a/peer',
      'wss://a b',
      'http://127.0.0.1',
    ])
      expect([url, isRelayUrl(url)]).toEqual([url, false])
    expect(isTrackerUrl('wss://tracker.example/announce')).toBe(true)
    expect(isTrackerUrl('ws://tracker.example/announce')).toBe(false)
  })
})

describe('a policy', () => {
  const founder = signerOf('founder')
  const make = (change: Partial<Policy> = {}): Policy => ({
    ...createPolicy(
      { random: createSeededRandom(1), now: startMs },
      {
        name: 'friends',
        founder: founder.publicKey,
        witnesses: [signerOf('w').publicKey],
        issuer: signerOf('i').publicKey,
        models: [
          {
            name: 'mini',
            repo: 'edge-net/mini',
            revision: 'main',
            dtype: 'q8',
            dimension: 96,
            tokensMax: 128,
            pooling: 'mean',
            licence: 'MIT',
            files: [{ path: 'onnx/model_quantized.onnx', bytes: 10, sha256: 'ab'.repeat(32) }],
          },
        ],
      },
    ),
    ...change,
  })

  it('is accepted from anyone who has its bytes, for its own swarm and founder only', async () => {
    const policy = make()
    const signed = await signPolicy(founder, policy)
    const encoded = encodeSignedPolicy(signed)
    const own = { swarm: swarmIdOf(policy), founder: founder.publicKey }
    expect(own.swarm).toEqual(sha256(encodePolicy(policy)))
    expect(await verifyPolicy(verifier, encoded, own)).toEqual({ ok: true, value: signed })
    expect(rulesOf(policy)).toMatchObject({ swarm: own.swarm, allowanceMicro: 50_000_000_000, openingMicro: 1_000_000 })

    const reason = async (b: Uint8Array, of = own) => {
      const checked = await verifyPolicy(verifier, b, of)
      return checked.ok ? undefined : checked.error.reason
    }
    const other = make({ name: 'others' })
    expect(await reason(encodeSignedPolicy(await signPolicy(founder, other)))).toBe('wrong-swarm')
    expect(await reason(encoded, { ...own, founder: bytes(9, 32) })).toBe('wrong-founder')
    expect(await reason(encodeSignedPolicy({ ...signed, sig: bytes(1, 64) }))).toBe('signature')
    expect(await reason(encoded.slice(1))).toBe('malformed')
    expect(await reason(new Uint8Array(70_000))).toBe('too-large')
  })

  it('is refused where it could not be followed', async () => {
    const keys = ['a', 'b', 'c', 'd'].map((n) => signerOf(n).publicKey)
    const model = make().models[0]!
    const parses = (change: Partial<Policy>) => parseSignedPolicy(encodeSignedPolicy({ policy: make(change), sig: bytes(1, 64) })).ok
    expect(parses({})).toBe(true)
    expect(parses({ witnesses: [] })).toBe(false)
    expect(parses({ witnesses: keys.slice(0, 2) })).toBe(false)
    expect(parses({ witnesses: [keys[0]!, keys[0]!, keys[1]!, keys[2]!] })).toBe(false)
    expect(parses({ prices: { embedding: 0 } })).toBe(false)
    expect(parses({ stampBits: 23 })).toBe(false)
    expect(parses({ issuance: { ...make().issuance, decayCpuSeconds: 0 } })).toBe(false)
    expect(parses({ issuance: { ...make().issuance, epochMs: 0 } })).toBe(false)
    expect(parses({ predecessor: { swarm: bytes(1, 32), day: 20_000, root: bytes(1, 31) } })).toBe(false)
    expect(parses({ predecessor: { swarm: bytes(1, 32), day: 20_000, root: bytes(1, 32) } })).toBe(true)
    expect(parses({ models: [model, model] })).toBe(false)
    for (const path of ['../secret', 'a/../b', '/etc/passwd', '.hidden', 'a//b', 'a\\b'])
      expect(parses({ models: [{ ...model, files: [{ ...model.files[0]!, path }] }] })).toBe(false)
  })
})

describe('the defaults of a kind', () => {
  const parts = { name: 'x', founder: bytes(1, 32), witnesses: [bytes(2, 32)], issuer: bytes(3, 32), models: [] }
  const made = (kind: Policy['kind']) => createPolicy({ random: createSeededRandom(1), now: startMs }, { ...parts, kind })
  const credits = (micro: number) => micro / 1_000_000

  it('are the table of the economy', () => {
    const [inPrivate, inPublic] = [made('private'), made('public')]
    expect([inPrivate.stakeMicro, inPublic.stakeMicro].map(credits)).toEqual([0, 100])
    expect([inPrivate.grantMicro, inPublic.grantMicro].map(credits)).toEqual([500, 0])
    expect([inPrivate.grantsMicro, inPublic.grantsMicro].map(credits)).toEqual([50_000, 0])
    expect([inPrivate.prepayMicro, inPublic.prepayMicro].map(credits)).toEqual([0, 5])
    expect([inPrivate.issuance.budgetMicro, inPublic.issuance.budgetMicro].map(credits)).toEqual([0, 10_000_000])
    expect([inPrivate.independence, inPublic.independence]).toEqual(['identity', 'identity-and-address'])
    for (const policy of [inPrivate, inPublic]) {
      expect([policy.tabMicro, policy.openingMicro].map(credits)).toEqual([100, 1])
      expect(policy).toMatchObject({ unlockMs: 86_400_000, highPriority: 2, storageMicro: 10_000, predecessor: null })
      expect(policy.issuance).toMatchObject({ epochMs: 3_600_000, decayCpuSeconds: 3_600_000_000, uptimeMicro: 100_000 })
      expect(parseSignedPolicy(encodeSignedPolicy({ policy, sig: bytes(1, 64) })).ok).toBe(true)
    }
    expect(createPolicy({ random: createSeededRandom(1), now: startMs }, parts)).toEqual(inPrivate)
  })

  it('give the ledger its founder, its issuance and its unlock time', () => {
    const { issuance, ...rules } = rulesOf(made('public'))
    expect(rules).toMatchObject({ founder: parts.founder, unlockMs: 86_400_000, epochMs: 3_600_000, allowanceMicro: 0 })
    expect(issuance).toEqual(issuanceDefaults)
  })
})

describe('prices', () => {
  it('round up once, on the sum', () => {
    expect(owedMicro(0n)).toBe(0n)
    expect(owedMicro(tabShare(1, 1))).toBe(1n)
    expect(owedMicro(tabShare(50_000, 1_000_000))).toBe(50_000n)
    expect(owedMicro(tabShare(1, 600_000) + tabShare(1, 400_000))).toBe(1n)
    expect(owedMicro(tabShare(1, 600_000) + tabShare(1, 400_001))).toBe(2n)
    expect(maxCostMicro(3, 500_001, 3)).toBe(6)
    expect(maxCostMicro(Number.MAX_SAFE_INTEGER, 2_000_000, 9)).toBe(Number.MAX_SAFE_INTEGER)
  })
})
