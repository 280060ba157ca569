/** Notices of a founder, valid and not, with the reason, and which of several holds. Writes `notices.json` (format: README.md here). */
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { noNotices, takeNotice } from '../../src/economy/notice-book.ts'
import { type KnownNotice, nextNotice, type NoticeError } from '../../src/economy/notice-codec.ts'
import type { Terms } from '../../src/economy/notice.ts'
import { createPolicy, swarmIdOf } from '../../src/economy/policy-codec.ts'
import { type Bytes, concat, sha256, toHex, utf8 } from '../../src/lib/bytes.ts'
import { type Cbor, decodeCanonical, encode } from '../../src/lib/cbor.ts'
import { createSeededRandom } from '../../src/lib/random.ts'
import { mini, minilm } from '../../src/tasks/models.ts'
import { signerOf, startMs } from '../unit/ledger/fixtures.ts'

export const noticesFile = 'tests/vectors/notices.json'

export interface NoticeVectors {
  readonly swarm: string
  readonly founder: string
  readonly valid: readonly {
    readonly what: string
    readonly signed: string
    readonly version: number
    readonly hashes: readonly string[]
  }[]
  readonly invalid: readonly { readonly what: string; readonly signed: string; readonly reason: NoticeError['reason'] }[]
  readonly holds: readonly {
    readonly what: string
    readonly signed: readonly string[]
    readonly newest: string
    readonly contradicted: boolean
  }[]
}

type Open = { readonly notice: Record<string, Cbor>; readonly trail: readonly Cbor[]; readonly sig: Bytes }

export const noticeVectors = async (): Promise<NoticeVectors> => {
  const founder = signerOf('founder')
  const keys = ['a', 'b', 'c'].map((name) => signerOf(name).publicKey)
  const policyOf = (name: string) =>
    createPolicy(
      { random: createSeededRandom('notices'), now: startMs },
      { name, founder: founder.publicKey, witnesses: [keys[0]!], issuer: signerOf('issuer').publicKey, models: [mini] },
    )
  const policy = policyOf('friends')
  const swarm = swarmIdOf(policy)
  const next = async (last: KnownNotice | undefined, changes: Partial<Terms>, of = policy): Promise<KnownNotice> => {
    const made = await nextNotice(founder, { policy: of, last, now: startMs + (last?.notice.version ?? 0) }, changes)
    if (!made.ok) throw new Error(made.error.reason)
    return made.value
  }
  const first = await next(undefined, { prices: { embedding: 80_000 } })
  const second = await next(first, { blocked: keys, relays: ['wss://relay.example', 'ws://127.0.0.1:8787'] })
  const third = await next(second, { models: [mini, minilm], highPriority: 3, blocked: keys.slice(0, 1) })
  const others = await next(undefined, { prices: { embedding: 60_000 } })
  const othersSecond = await next(others, {})

  const open = (known: KnownNotice): Open => {
    const decoded = decodeCanonical(known.bytes)
    return (decoded.ok ? decoded.value : null) as Open
  }
  /** Signed anew, so that nothing but the form is wrong. */
  const changed = async (fields: Record<string, Cbor>, of = second): Promise<Bytes> => {
    const { notice, trail } = open(of)
    const made = { ...notice, ...fields }
    let hash: Bytes = swarm
    for (const digest of [...trail, sha256(encode(made))]) hash = sha256(encode([hash, digest]))
    return encode({ notice: made, trail, sig: await founder.sign(concat(utf8('edge-net/notice/1'), hash)) })
  }
  const { notice, trail, sig } = open(second)
  const { blocked: _, ...without } = notice
  const invalid: readonly (readonly [what: string, bytes: Bytes, reason: NoticeError['reason']])[] = [
    ['no CBOR', utf8('notice'), 'malformed'],
    ['a byte after the end', concat(second.bytes, new Uint8Array(1)), 'malformed'],
    ['a field too few', encode({ notice: without, trail, sig }), 'malformed'],
    ['a field too many: what validity reads is no notice’s to change', await changed({ witnesses: [keys[1]!] }), 'malformed'],
    ['version 0: that is the policy', await changed({ version: 0 }), 'malformed'],
    ['a trail that is too short', encode({ notice, trail: [], sig }), 'malformed'],
    ['a price of nothing', await changed({ prices: { embedding: 0 } }), 'malformed'],
    ['keys not sorted', await changed({ blocked: [...second.notice.blocked].reverse() }), 'malformed'],
    ['a key twice', await changed({ blocked: [keys[0]!, keys[0]!] }), 'malformed'],
    ['a relay by an open line', await changed({ relays: ['ws://relay.example'] }), 'malformed'],
    ['a relay twice', await changed({ relays: ['wss://relay.example', 'wss://relay.example'] }), 'malformed'],
    ['two models of one name', await changed({ models: [mini, mini] as unknown as Cbor }), 'malformed'],
    ['of another swarm', (await next(undefined, {}, policyOf('others'))).bytes, 'wrong-swarm'],
    ['the founder, who certifies the relays', await changed({ blocked: [founder.publicKey] }), 'founder-blocked'],
    ['another price than was signed', encode({ notice: { ...notice, prices: { embedding: 1 } }, trail, sig }), 'signature'],
    ['after another one than it was signed after', encode({ notice, trail: [sha256(utf8('other'))], sig }), 'signature'],
    [
      'signed by another key',
      encode({ notice, trail, sig: await signerOf('stranger').sign(concat(utf8('edge-net/notice/1'), second.hashes[2]!)) }),
      'signature',
    ],
  ]
  const holding = (what: string, all: readonly KnownNotice[]) => {
    const { newest, against } = all.reduce(takeNotice, noNotices)
    return {
      what,
      signed: all.map(({ bytes }) => toHex(bytes)),
      newest: toHex(newest!.hashes.at(-1)!),
      contradicted: against !== undefined,
    }
  }
  return {
    swarm: toHex(swarm),
    founder: toHex(founder.publicKey),
    valid: (
      [
        ['another price', first],
        ['then a block list and relays', second],
        ['then models, and two of three taken off the list', third],
      ] as const
    ).map(([what, known]) => ({ what, signed: toHex(known.bytes), version: known.notice.version, hashes: known.hashes.map(toHex) })),
    invalid: invalid.map(([what, bytes, reason]) => ({ what, signed: toHex(bytes), reason })),
    holds: [
      holding('one history', [first, second, third]),
      holding('two of one version', [first, others]),
      holding('two of one version, the other way round', [others, first]),
      holding('a longer history outranks a shorter one', [second, othersSecond, third]),
      holding('a later one shows the contradiction with an earlier one of the other history', [others, second]),
    ],
  }
}

export const formatNotices = (vectors: NoticeVectors): string => `${JSON.stringify(vectors, null, 1)}\n`

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(noticesFile, formatNotices(await noticeVectors()))
