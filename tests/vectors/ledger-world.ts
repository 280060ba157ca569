/** A made-up swarm of four witnesses for the vectors of the ledger, and how its rules and bytes stand in JSON. */
import { encodeCertificate } from '../../src/ledger/certificate.ts'
import { issuanceDefaults } from '../../src/ledger/issuance.ts'
import type { LedgerRules } from '../../src/ledger/rules.ts'
import type { Certificate } from '../../src/ledger/types.ts'
import { type Bytes, fromHex, toHex } from '../../src/lib/bytes.ts'
import { createWorld, signerOf, type World } from '../unit/ledger/fixtures.ts'

/** What validity reads of a policy. */
export interface RulesVector {
  readonly swarm: string
  readonly witnesses: readonly string[]
  readonly issuer: string
  readonly founder: string
  readonly allowanceMicro: number
  readonly issuance: {
    readonly budgetMicro: number
    readonly decayCpuSeconds: number
    readonly cpuSecondsPerGigaunit: number
    readonly uptimeMicro: number
  }
}

const issuance = { budgetMicro: 50_000_000, decayCpuSeconds: 1_000_000 * 3600, cpuSecondsPerGigaunit: 1_000, uptimeMicro: 100_000 }

export const vectorWorld = (): Promise<World> =>
  createWorld(4, {
    allowanceMicro: 2_000_000,
    founder: signerOf('founder').publicKey,
    issuance: { ...issuanceDefaults, ...issuance },
  })

export const rulesToVector = ({ swarm, witnesses, issuer, founder, allowanceMicro }: LedgerRules): RulesVector => ({
  swarm: toHex(swarm),
  witnesses: witnesses.map(toHex),
  issuer: toHex(issuer),
  founder: toHex(founder!),
  allowanceMicro,
  issuance,
})

/** `openingMicro` is a witness's matter, and takes no part in validity. */
export const rulesFromVector = (rules: RulesVector): LedgerRules => ({
  swarm: bytesOf(rules.swarm),
  witnesses: rules.witnesses.map(bytesOf),
  issuer: bytesOf(rules.issuer),
  founder: bytesOf(rules.founder),
  allowanceMicro: rules.allowanceMicro,
  openingMicro: 0,
  issuance: { ...issuanceDefaults, ...rules.issuance },
})

export const bytesOf = (hex: string): Bytes => {
  const bytes = fromHex(hex)
  if (!bytes) throw new Error(`not hex: ${hex.slice(0, 20)}`)
  return bytes
}

export const certificateHex = (certificate: Certificate): string => toHex(encodeCertificate(certificate))
