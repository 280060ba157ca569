/** `ledger.apply`, `ledger.append`, `ledger.merge`: the ledger in memory, signatures by the engine's own Ed25519 as in a browser. */
import { performance } from 'node:perf_hooks'
import { createCryptoKeySigner, createWebCryptoVerifier, generateDeviceKey } from '../../src/crypto/ed25519.ts'
import { certifyDevice } from '../../src/identity/device.ts'
import type { Signer, Verifier } from '../../src/identity/keys.ts'
import { createNobleVerifier } from '../../src/identity/noble.ts'
import { signCertificate } from '../../src/ledger/certificate.ts'
import { entryMessage, type ParsedEntry, signEntry, zeroId } from '../../src/ledger/entry.ts'
import { createOwnChain } from '../../src/ledger/own-chain.ts'
import { answerReconcile, continueReconcile, type Reconciliation, startReconcile } from '../../src/ledger/reconcile.ts'
import { followHeads, planExchange } from '../../src/ledger/reconcile-heads.ts'
import { createReplica, type Replica } from '../../src/ledger/replica.ts'
import type { LedgerRules } from '../../src/ledger/rules.ts'
import type { Certificate, Op } from '../../src/ledger/types.ts'
import { sha256, toHex, utf8 } from '../../src/lib/bytes.ts'
import { createManualClock } from '../../src/lib/clock.ts'
import { type Figure, median, round2, rounds } from './figure.ts'
import { createOrderedStore } from './ledger-store.ts'

const verifier = createWebCryptoVerifier(createNobleVerifier())
const signer = async (): Promise<Signer> => {
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
const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now()
  await work()
  return performance.now() - start
}

export const benchLedgerApply = async (): Promise<readonly Figure[]> => {
  const count = 4_000
  const world = await createWorld()
  const segments = await createSegments(world, count)
  const signed = segments.flatMap(({ entries }) => entries.map(({ entry }) => ({ entry, message: entryMessage(entry) })))
  const times: { readonly applyMs: number; readonly verifyMs: number }[] = []
  for (let round = 0; round <= rounds; round++) {
    const verifyMs = await timed(async () => {
      for (const { entry, message } of signed) if (!(await verifier.verify(entry.sig, message, entry.author))) throw new Error('not signed')
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
    if (round > 0) times.push({ applyMs, verifyMs })
  }
  return [
    {
      name: 'ledger.apply',
      value: Math.round((count / median(times.map((t) => t.applyMs))) * 1000),
      unit: 'entries/s',
      n: rounds,
      baseline: Math.round((count / median(times.map((t) => t.verifyMs))) * 1000),
      ratio: round2(median(times.map((t) => t.verifyMs / t.applyMs))),
    },
  ]
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

/**
 * Merging is the longer certified chain per account: so two replicas with the same 20 000 entries, but for fifty that one lacks,
 * find out which these are and take them in. Verified before, on both sides, as the rows below. Beside it what it costs where
 * nothing is here yet: every entry is applied to the chain before it and stored.
 */
export const benchLedgerMerge = async (): Promise<readonly Figure[]> => {
  const [count, fresh] = [20_000, 50]
  const world = await createWorld()
  const segments = await createSegments(world, count)
  const taken = async (replica: Replica, some: readonly Segment[]): Promise<void> => {
    for (const { entries, certificate } of some) {
      const verified = entries.map((parsed) => ({ parsed, signedBy: 'author' as const }))
      const report = await replica.ingestVerified(verified, certificate, 'peer')
      if (!report.ok || report.value.certified.length !== entries.length) throw new Error('not merged')
    }
  }
  const empty = (): Replica => createReplica({ store: createOrderedStore(), verifier, rules: world.rules })
  const last = segments.at(-1)!
  if (last.entries.length > fresh) throw new Error('the last segment holds more than is to be new')
  const full = empty()
  await taken(full, segments)
  const theirs = await followHeads(full)

  const [wholeMs, newMs, unionMs]: [number[], number[], number[]] = [[], [], []]
  for (let round = 0; round <= rounds; round++) {
    const replica = empty()
    const all = await timed(() => taken(replica, segments.slice(0, -1)))
    const ours = await followHeads(replica)
    const some = await timed(async () => {
      let [state, message]: readonly [Reconciliation, Uint8Array | null] = startReconcile(ours.set)
      while (message) {
        const answer = answerReconcile(theirs.set, message)
        const next = answer.ok && continueReconcile(ours.set, state, answer.value)
        if (!next || !next.ok) throw new Error('not understood')
        ;[state, message] = next.value
      }
      const { fetch } = planExchange(state, () => last.entries[0]!.entry.seq - 1)
      for (const { author, from } of fetch) {
        const { entries, certificate } = await full.chainFrom(author, from)
        await taken(replica, [{ entries, certificate: certificate! }])
      }
      await ours.took(fetch.map(({ author }) => author))
    })
    const union = await timed(async () => unionOf(segments))
    if (round > 0)
      for (const [list, ms] of [
        [wholeMs, all],
        [newMs, some],
        [unionMs, union],
      ] as const)
        list.push(ms)
  }
  return [
    {
      name: 'ledger.merge',
      value: round2(median(newMs)),
      unit: `ms to merge with a replica that has ${last.entries.length} more of 20 000 verified entries, against a union of all by id`,
      n: rounds,
      baseline: round2(median(unionMs)),
      ratio: round2(median(newMs.map((ms, i) => unionMs[i]! / ms))),
    },
    {
      name: 'ledger.merge.whole',
      value: round2(median(wholeMs)),
      unit: 'ms for 20 000 verified entries that are all new, applied and stored',
      n: rounds,
    },
  ]
}

/** What a log of events without chains does to merge: every event of the one that the other lacks, by its id. */
const unionOf = (segments: readonly Segment[]): number => {
  const known = new Map(segments.slice(0, -1).flatMap(({ entries }) => entries.map((entry) => [toHex(entry.id), entry] as const)))
  for (const { entries } of segments) for (const entry of entries) if (!known.has(toHex(entry.id))) known.set(toHex(entry.id), entry)
  return known.size
}
