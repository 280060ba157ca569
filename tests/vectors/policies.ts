/** Policy documents, valid and not, with the reason. Writes `policies.json` (format: README.md here). */
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { createPolicy, encodeSignedPolicy, type PolicyError, signPolicy, swarmIdOf } from '../../src/economy/policy-codec.ts'
import type { Policy } from '../../src/economy/policy.ts'
import { type Bytes, compareBytes, sha256, toHex, utf8 } from '../../src/lib/bytes.ts'
import { type Cbor, decodeCanonical, encode } from '../../src/lib/cbor.ts'
import { createSeededRandom } from '../../src/lib/random.ts'
import { mini } from '../../src/tasks/models.ts'
import { signerOf, startMs } from '../unit/ledger/fixtures.ts'

export const policiesFile = 'tests/vectors/policies.json'

export interface PolicyVectors {
  readonly valid: readonly { readonly what: string; readonly signed: string; readonly swarm: string; readonly founder: string }[]
  /** Each is judged as the policy of `swarm` and `founder`. */
  readonly invalid: readonly {
    readonly what: string
    readonly signed: string
    readonly swarm: string
    readonly founder: string
    readonly reason: PolicyError['reason']
  }[]
}

export const policyVectors = async (): Promise<PolicyVectors> => {
  const founder = signerOf('founder')
  const keys = ['a', 'b', 'c', 'd'].map((name) => signerOf(name).publicKey).sort(compareBytes)
  const parts = {
    name: 'friends',
    founder: founder.publicKey,
    witnesses: keys.slice(0, 1),
    issuer: signerOf('issuer').publicKey,
    models: [mini],
  }
  const make = (changes: Partial<Policy> = {}): Policy =>
    createPolicy({ random: createSeededRandom('policies'), now: startMs }, { ...parts, ...changes })
  const sign = async (policy: Policy, signer = founder): Promise<Bytes> => encodeSignedPolicy(await signPolicy(signer, policy))
  const own = make()
  const about = (policy: Policy) => ({ swarm: toHex(swarmIdOf(policy)), founder: toHex(policy.founder) })

  const valid = [
    ['a private swarm with the defaults', own],
    ['a public swarm with the defaults, four witnesses', make({ kind: 'public', witnesses: keys })],
    ['the successor of another swarm', make({ predecessor: { swarm: sha256(utf8('before')), day: 19_675, root: sha256(utf8('root')) } })],
    ['no models, no stamp, the shortest epoch', make({ models: [], stampBits: 0, issuance: { ...own.issuance, epochMs: 1 } })],
  ] as const

  const signed = await sign(own)
  const decoded = decodeCanonical(signed)
  const open = decoded.ok ? (decoded.value as { policy: Record<string, Cbor>; sig: Bytes }) : { policy: {}, sig: signed }
  const { stampBits: _, ...without } = open.policy
  const changed = async (changes: Partial<Policy>) => sign({ ...own, ...changes })
  const broken: readonly (readonly [what: string, bytes: Bytes])[] = [
    ['no CBOR', utf8('policy')],
    ['a byte after the end', Uint8Array.from([...signed, 0])],
    ['a field too few', encode({ ...open, policy: without })],
    ['a field too many', encode({ ...open, policy: { ...open.policy, more: 1 } })],
    ['another version', encode({ ...open, policy: { ...open.policy, v: 2 } })],
    ['no name', await changed({ name: '' })],
    ['two witnesses', await changed({ witnesses: keys.slice(0, 2) })],
    ['witnesses not sorted', await changed({ witnesses: keys.toReversed() })],
    ['a witness twice', await changed({ witnesses: [keys[0]!, keys[0]!, keys[1]!, keys[2]!] })],
    ['a price of nothing', await changed({ prices: { embedding: 0 } })],
    ['D of nothing', await changed({ issuance: { ...own.issuance, decayCpuSeconds: 0 } })],
    ['an epoch without length', await changed({ issuance: { ...own.issuance, epochMs: 0 } })],
    ['a stamp that nobody can make', await changed({ stampBits: 23 })],
    ['a root that is too short', await changed({ predecessor: { swarm: keys[0]!, day: 0, root: new Uint8Array(31) } })],
    ['two models of one name', await changed({ models: [mini, mini] })],
    ['a file outside of its model', await changed({ models: [{ ...mini, files: [{ ...mini.files[0]!, path: '../secret' }] }] })],
  ]
  const other = make({ name: 'others' })
  const later = { ...open.policy, v: 2 }
  const invalid: readonly (readonly [what: string, bytes: Bytes, reason: PolicyError['reason'], of?: ReturnType<typeof about>])[] = [
    ...broken.map(([what, bytes]) => [what, bytes, 'malformed'] as const),
    [
      'of this swarm, in a form of another version',
      encode({ ...open, policy: later }),
      'version',
      { ...about(own), swarm: toHex(sha256(encode(later))) },
    ],
    ['of another swarm', await sign(other), 'wrong-swarm'],
    ['of another founder than the link names', signed, 'wrong-founder', { ...about(own), founder: toHex(keys[0]!) }],
    ['signed by another key', await sign(own, signerOf('stranger')), 'signature'],
  ]
  return {
    valid: await Promise.all(valid.map(async ([what, policy]) => ({ what, signed: toHex(await sign(policy)), ...about(policy) }))),
    invalid: invalid.map(([what, bytes, reason, of = about(own)]) => ({ what, signed: toHex(bytes), ...of, reason })),
  }
}

export const formatPolicies = (vectors: PolicyVectors): string => `${JSON.stringify(vectors, null, 1)}\n`

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(policiesFile, formatPolicies(await policyVectors()))
