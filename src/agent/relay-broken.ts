/**
 * A swarm of which more witnesses lie than it bears (spec: ledger.md, *State*): its relays keep the proof and show it to everyone,
 * so that each node sees for itself; and they give each other all branches, so that their replicas stay one.
 */
import type { NodeId, Verifier } from '../identity/keys.ts'
import { branchDown, checkBrokenProof, encodeBrokenProof, findBrokenProof, parseBrokenProof } from '../ledger/broken-proof.ts'
import type { Replica } from '../ledger/replica.ts'
import type { LedgerRules } from '../ledger/rules.ts'
import type { Certificate } from '../ledger/types.ts'
import { type Bytes, fromHex, toHex } from '../lib/bytes.ts'
import { createSerial } from '../lib/serial.ts'
import type { Store } from '../lib/store.ts'
import type { Network } from '../network/network.ts'
import { rangesAskedMax } from '../network/wire-relays.ts'
import type { Circle } from './relay-circle.ts'
import { segments } from './relay-segments.ts'

export interface BrokenDesk {
  readonly broken: () => Promise<boolean>
  /** Certified entries that cannot all be true have come in. */
  readonly onConflict: () => void
  readonly onBroken: (from: NodeId, bytes: Bytes) => Promise<void>
  /** Whoever comes is shown the proof; another relay gets the branches as well. */
  readonly onPeer: (id: NodeId) => Promise<void>
}

export const createBrokenDesk = ({
  store,
  verifier,
  rules,
  replica,
  circle,
  network,
}: {
  readonly store: Store
  readonly verifier: Verifier
  readonly rules: LedgerRules
  readonly replica: Pick<Replica, 'records' | 'broken' | 'ingest'>
  readonly circle: Circle
  readonly network: Pick<Network, 'peers' | 'send' | 'blame'>
}): BrokenDesk => {
  const { records } = replica
  const serial = createSerial()
  const proof = async (): Promise<Bytes | undefined> => (await store.get('broken', 'proof')) as Bytes | undefined

  const keep = async (bytes: Bytes): Promise<void> => {
    const stored = await store.commit([{ table: 'broken', key: 'proof', value: bytes }])
    if (stored.ok) for (const { id } of network.peers()) void network.send(id, ['broken', { bytes }])
  }
  const giveBranches = async (to: (message: readonly ['ranges', { runs: ReturnType<typeof segments> }]) => void): Promise<void> => {
    for (const [, record] of await store.list('branchCertificates')) {
      const certificate = record as unknown as Certificate
      const entries = (await branchDown(records, certificate)).map(({ bytes }) => bytes)
      for (const part of entries.length > 0 ? segments(entries, certificate) : []) to(['ranges', { runs: [part] }])
    }
  }

  return {
    broken: async () => (await proof()) !== undefined || replica.broken(),
    onConflict: () => {
      const job = async (): Promise<void> => {
        if ((await proof()) === undefined) {
          const found = await findBrokenProof(store, records)
          if (found) await keep(encodeBrokenProof(found))
        }
        await giveBranches(circle.tell)
        // Whose branches leave each other further down than where they were seen to differ is asked for whole.
        const authors = new Set([
          ...(await store.list('conflicts')).map(([, certificate]) => toHex((certificate as unknown as Certificate).author)),
          ...(await store.list('tips')).map(([author]) => author),
        ])
        const parts = [...authors].slice(0, rangesAskedMax).map((author): [Bytes, number] => [fromHex(author)!, 0])
        circle.tell(['ranges?', { parts, facts: [] }])
      }
      // A store that cannot be read: the next conflict, or another relay, brings it up again.
      void serial('broken', job).catch(() => {})
    },
    onBroken: async (from, bytes) => {
      const parsed = parseBrokenProof(bytes)
      if (!parsed.ok) return network.blame(from, 'broken: malformed')
      if ((await proof()) !== undefined) return
      if (!(await checkBrokenProof(verifier, rules, parsed.value))) return network.blame(from, 'broken: proves nothing')
      await serial('broken', async () => ((await proof()) === undefined ? keep(bytes) : undefined))
      const { lower, upper, chain } = parsed.value
      await replica.ingest([], lower, from)
      await replica.ingest(chain, upper, from)
    },
    onPeer: async (id) => {
      const bytes = await proof()
      if (bytes) await network.send(id, ['broken', { bytes }])
      if (bytes && circle.has(id)) await giveBranches((message) => circle.send(id, message))
    },
  }
}
