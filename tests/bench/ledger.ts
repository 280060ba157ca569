/** `ledger.apply`, `ledger.append`: the ledger in memory, signatures by the engine's own Ed25519 as in a browser. */
import { performance } from 'node:perf_hooks'
import { createCryptoKeySigner, createWebCryptoVerifier, generateDeviceKey } from '../../src/crypto/ed25519.ts'
import { certifyDevice } from '../../src/identity/device.ts'
import type { Signer, Verifier } from '../../src/identity/keys.ts'
import { createNobleVerifier } from '../../src/identity/noble.ts'
import { signCertificate } from '../../src/ledger/certificate.ts'
import { entryMessage, type ParsedEntry, signEntry, zeroId } from '../../src/ledger/entry.ts'
import { createOwnChain } from '../../src/ledger/own-chain.ts'
import { createReplica } from '../../src/ledger/replica.ts'
import type { LedgerRules } from '../../src/ledger/rules.ts'
import type { Certificate, Op } from '../../src/ledger/types.ts'
import { sha256, utf8 } from '../../src/lib/bytes.ts'
import { createManualClock } from '../../src/lib/clock.ts'
import { type Figure, median, round2, rounds } from './figure.ts'
import { createOrderedStore } from './ledger-store.ts'

export const verifier = createWebCryptoVerifier(createNobleVerifier())
export const signer = async (): Promise<Signer> => {
  const { privateKey, publicKey } = await generateDeviceKey()
  return createCryptoKeySigner(privateKey, publicKey)
}
const payees = Array.from({ length: 20 }, (_, i) => sha256(utf8(`payee ${i}`)))
/** The n-th payment of a chain. */
const payment = (n: number): Op => ({ op: 'pay', lines: [[payees[n % payees.length]!, 1 + n, 1 + n, 1 + n, 0]] })

interface World {
  readonly rules: LedgerRules
  readonly witness: Signer
  readonly author: Signer
  readonly join: Op
}
/** The author is the issuer, so that its payments need no income. */
const createWorld = async (): Promise<World> => {
  const [witness, author, root] = [await signer(), await signer(), await signer()]
  const rules: LedgerRules = {
    swarm: sha256(utf8('bench')),
    witnesses: [witness.publicKey],
    issuer: author.publicKey,
    allowanceMicro: Number.MAX_SAFE_INTEGER,
    openingMicro: 0,
  }
  const { signature: certificate } = await certifyDevice(root, author.publicKey)
  return { rules, witness, author, join: { op: 'join', identity: root.publicKey, certificate, stamp: new Uint8Array(0) } }
}

interface Segment {
  readonly entries: readonly ParsedEntry[]
  readonly certificate: Certificate
}
/** As many of one author's entries as travel together, and the certificate on the last. */
const segmentLength = 64
const createSegments = async ({ rules, witness, author, join }: World, length: number): Promise<readonly Segment[]> => {
  const segments: Segment[] = []
  let last: ParsedEntry | undefined
  for (let seq = 0; seq < length;) {
    const entries: ParsedEntry[] = []
    for (; entries.length < segmentLength && seq < length; seq++) {
      const ops = seq === 0 ? [join] : [payment(seq)]
      last = await signEntry(author, { v: 1, swarm: rules.swarm, author: author.publicKey, seq, prev: last?.id ?? zeroId, time: seq, ops })
      entries.push(last)
    }
    segments.push({
      entries,
      certificate: await signCertificate(witness, rules.swarm, { author: author.publicKey, seq: seq - 1, id: last!.id }),
    })
  }
  return segments
}
export const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now()
  await work()
  return performance.now() - start
}

export const benchLedgerApply = async (): Promise<readonly Figure[]> => {
  const count = 4_000
  const world = await createWorld()
  const segments = await createSegments(world, count)
  const signed = segments.map(({ entries }) => entries.map(({ entry }) => ({ entry, message: entryMessage(entry) })))
  const isSigned = async ({ entry, message }: (typeof signed)[number][number]): Promise<void> => {
    if (!(await verifier.verify(entry.sig, message, entry.author))) throw new Error('not signed')
  }
  const times: { readonly applyMs: number; readonly besideMs: number; readonly singlyMs: number }[] = []
  for (let round = 0; round <= rounds; round++) {
    const besideMs = await timed(async () => {
      for (const segment of signed) await Promise.all(segment.map(isSigned))
    })
    const singlyMs = await timed(async () => {
      for (const segment of signed) for (const one of segment) await isSigned(one)
    })
    const replica = createReplica({ store: createOrderedStore(), verifier, rules: world.rules })
    const applyMs = await timed(async () => {
      for (const { entries, certificate } of segments) {
        const report = await replica.ingest(
          entries.map(({ bytes }) => bytes),
          certificate,
          'peer',
        )
        if (!report.ok || report.value.certified.length !== entries.length) throw new Error('not applied')
      }
    })
    // The first warms up.
    if (round > 0) times.push({ applyMs, besideMs, singlyMs })
  }
  const against = (bare: 'besideMs' | 'singlyMs', how: string): Figure => ({
    name: 'ledger.apply',
    value: Math.round((count / median(times.map((t) => t.applyMs))) * 1000),
    unit: `entries/s, against their signatures alone, ${how}`,
    n: rounds,
    baseline: Math.round((count / median(times.map((t) => t[bare]))) * 1000),
    ratio: round2(median(times.map((t) => t[bare] / t.applyMs))),
  })
  return [against('singlyMs', 'one after another'), against('besideMs', `${segmentLength} beside each other as it has them verified`)]
}

/** Signs and believes at no cost: to fill a chain. */
const filling = (signerOf: Signer): { readonly signer: Signer; readonly verifier: Verifier } => ({
  signer: { publicKey: signerOf.publicKey, sign: async () => new Uint8Array(64) },
  verifier: { verify: async () => true },
})

const createFilledChain = async (world: World, length: number) => {
  const { rules, author, witness, join } = world
  const [store, clock] = [createOrderedStore(), createManualClock()]
  const open = (as: { readonly signer: Signer; readonly verifier: Verifier }, by: Signer) => {
    const chain = createOwnChain({ store, rules, clock, ...as })
    /** Milliseconds that the append took; the certificate, which comes from elsewhere, is not counted. */
    return async (op: Op): Promise<number> => {
      const start = performance.now()
      const made = await chain.append([op])
      const ms = performance.now() - start
      if (!made.ok) throw new Error(JSON.stringify(made.error))
      const { entry, id } = made.value
      const kept = await chain.certified(await signCertificate(by, rules.swarm, { author: entry.author, seq: entry.seq, id }))
      if (!kept.ok) throw new Error(JSON.stringify(kept.error))
      return ms
    }
  }
  const fill = open(filling(author), filling(witness).signer)
  await fill(join)
  for (let n = 1; n < length; n++) await fill(payment(n))
  return open({ signer: author, verifier }, witness)
}

export const benchLedgerAppend = async (): Promise<readonly Figure[]> => {
  const [few, many] = [1_000, 100_000]
  const appends = 100
  const world = await createWorld()
  const [short, long] = [await createFilledChain(world, few), await createFilledChain(world, many)]
  const times: { readonly shortMs: number; readonly longMs: number }[] = []
  for (let round = 0; round <= rounds; round++) {
    const [shortMs, longMs]: [number[], number[]] = [[], []]
    for (let n = 0; n < appends; n++) {
      const at = round * appends + n
      shortMs.push(await short(payment(few + at)))
      longMs.push(await long(payment(many + at)))
    }
    if (round > 0) times.push({ shortMs: median(shortMs), longMs: median(longMs) })
  }
  return [
    {
      name: 'ledger.append',
      value: round2(1000 * median(times.map((t) => t.longMs))),
      unit: 'µs with 100 000 entries, against 1 000',
      n: rounds,
      baseline: round2(1000 * median(times.map((t) => t.shortMs))),
      ratio: round2(median(times.map((t) => t.shortMs / t.longMs))),
    },
  ]
}
