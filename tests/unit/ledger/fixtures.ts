/** Keys, swarms and signed entries for the ledger's tests. */
import { certifyDevice } from '../../../src/identity/device.ts'
import type { Signer, Verifier } from '../../../src/identity/keys.ts'
import { createNobleSigner, createNobleVerifier } from '../../../src/identity/noble.ts'
import { compareBytes, concat, sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { signCertificate } from '../../../src/ledger/certificate.ts'
import { type ParsedEntry, signEntry, zeroId } from '../../../src/ledger/entry.ts'
import type { LedgerRules } from '../../../src/ledger/rules.ts'
import type {
  AttestOp,
  Certificate,
  ClaimLine,
  ClaimOp,
  DelegateOp,
  JoinOp,
  Op,
  PayLine,
  PayOp,
  SettleOp,
} from '../../../src/ledger/types.ts'

/** The same question again, for another replica, costs a hash: it has the same answer. */
const createRememberingVerifier = (inner: Verifier): Verifier => {
  const known = new Map<string, Promise<boolean>>()
  return {
    ...inner,
    verify: (signature, message, key) => {
      const question = toHex(sha256(concat(signature, key, message)))
      const answer = known.get(question) ?? inner.verify(signature, message, key)
      known.set(question, answer)
      return answer
    },
  }
}
export const verifier = createRememberingVerifier(createNobleVerifier())
export const signerOf = (name: string): Signer => createNobleSigner(sha256(utf8(name)))
export const startMs = 1_700_000_000_000

export interface Person {
  readonly name: string
  readonly device: Signer
  readonly root: Signer
  readonly join: JoinOp
}

export const createPerson = async (name: string): Promise<Person> => {
  const device = signerOf(`${name}/device`)
  const root = signerOf(`${name}/root`)
  const { signature } = await certifyDevice(root, device.publicKey)
  return { name, device, root, join: { op: 'join', identity: root.publicKey, certificate: signature, stamp: new Uint8Array(0) } }
}

export interface World {
  readonly witnesses: readonly Signer[]
  readonly issuer: Person
  readonly rules: LedgerRules
}

export const createWorld = async (witnesses = 1, changes: Partial<LedgerRules> = {}): Promise<World> => {
  const signers = Array.from({ length: witnesses }, (_, i) => signerOf(`witness ${i}`)).sort((a, b) =>
    compareBytes(a.publicKey, b.publicKey),
  )
  const issuer = await createPerson('issuer')
  return {
    witnesses: signers,
    issuer,
    rules: {
      swarm: sha256(utf8('swarm')),
      witnesses: signers.map((s) => s.publicKey),
      issuer: issuer.device.publicKey,
      allowanceMicro: 1_000_000,
      openingMicro: 100,
      ...changes,
    },
  }
}

/** The next entry of a chain, signed by its author unless told otherwise. */
export const next = (
  world: World,
  author: Person,
  prev: ParsedEntry | undefined,
  ops: readonly Op[],
  { signer = author.device, time = startMs }: { signer?: Signer; time?: number } = {},
): Promise<ParsedEntry> =>
  signEntry(signer, {
    v: 1,
    swarm: world.rules.swarm,
    author: author.device.publicKey,
    seq: prev ? prev.entry.seq + 1 : 0,
    prev: prev ? prev.id : zeroId,
    time,
    ops,
  })

export const certify = async (world: World, { entry, id }: ParsedEntry, signers = world.witnesses): Promise<Certificate> => {
  const parts = await Promise.all(signers.map((s) => signCertificate(s, world.rules.swarm, { author: entry.author, seq: entry.seq, id })))
  return { ...parts[0]!, signatures: parts.flatMap((p) => p.signatures) }
}

export const pay = (...lines: readonly (readonly [payee: Person, total: number, units?: number, ok?: number, bad?: number])[]): PayOp => ({
  op: 'pay',
  lines: lines
    .map(([payee, total, units = 0, ok = 0, bad = 0]): PayLine => [payee.device.publicKey, total, units, ok, bad])
    .sort(([a], [b]) => compareBytes(a, b)),
})

export const claim = (...certificates: readonly Certificate[]): ClaimOp => ({
  op: 'claim',
  lines: certificates.map((c): ClaimLine => [c.author, c.id, c]).sort(([a], [b]) => compareBytes(a, b)),
})

export const delegate = (...lines: readonly (readonly [to: Person, amount: number])[]): DelegateOp => ({
  op: 'delegate',
  lines: lines.map(([to, amount]) => [to.device.publicKey, amount] as const).sort(([a], [b]) => compareBytes(a, b)),
})

export const attest = (subject: Person, claim: string, confidence = 100): AttestOp => ({
  op: 'attest',
  subject: subject.device.publicKey,
  claim,
  confidence,
  expiry: startMs,
})

export const settle = (epoch: number, ...certificates: readonly Certificate[]): SettleOp => ({
  op: 'settle',
  epoch,
  lines: claim(...certificates).lines,
})
