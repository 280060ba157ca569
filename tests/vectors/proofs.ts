/** Balance proofs: valid ones of each kind, and what must be refused, with the reason. Writes `proofs.json`. */
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { type BalanceProof, encodeBalanceProof } from '../../src/ledger/balance-proof.ts'
import { bare, type ChainState, emptyHead } from '../../src/ledger/chain-state.ts'
import { createStateTree, type StateTree } from '../../src/ledger/state-tree.ts'
import { type Bytes, sha256, toHex, utf8 } from '../../src/lib/bytes.ts'

export const proofsFile = 'tests/vectors/proofs.json'

interface Case {
  readonly what: string
  readonly root: string
  readonly author: string
  readonly proof: string
}
export interface ProofVectors {
  readonly accounts: readonly {
    readonly author: string
    readonly seq: number
    readonly id: string
    readonly claimed: string
    readonly paid: string
    readonly staked: number
    readonly lines: Readonly<Record<'paid' | 'claimed', Readonly<Record<string, unknown>>>>
  }[]
  readonly valid: readonly (Case & { readonly seq: number | null; readonly claimed: string | null; readonly paid: string | null })[]
  readonly invalid: readonly (Case & { readonly reason: 'malformed' | 'root' | 'place' })[]
}

const key = (name: string): Bytes => sha256(utf8(name))
/** A made-up account: what it paid and claimed, each to and from the next one. */
const accountOf = (n: number): ChainState => {
  const total = 1_000_003 * n
  return {
    ...bare({
      ...emptyHead(key(`account ${n}`)),
      seq: n,
      id: key(`head ${n}`),
      paid: BigInt(total),
      claimed: 2n ** 60n * BigInt(n),
      staked: n,
    }),
    paid: new Map([[toHex(key(`account ${n + 1}`)), { total, units: n, ok: n, bad: 0 }]]),
    claimed: new Map([[toHex(key(`account ${n + 2}`)), { total: n, seq: n }]]),
  }
}
const count = 7

export const proofVectors = (): ProofVectors => {
  const tree = createStateTree()
  const states = Array.from({ length: count }, (_, n) => accountOf(n))
  for (const state of states) tree.replace(state)
  const caseOf = (what: string, author: Bytes, proof: BalanceProof | Bytes, from: StateTree = tree): Case => ({
    what,
    root: toHex(from.root()),
    author: toHex(author),
    proof: toHex(proof instanceof Uint8Array ? proof : encodeBalanceProof(proof)),
  })
  const present = (n: number, from = tree) => {
    const author = key(`account ${n}`)
    const leaf = from.account(author)!
    return { ...caseOf(`account ${n}`, author, from.prove(author), from), seq: leaf.seq, claimed: leaf.claimed, paid: leaf.paid }
  }
  const absent = (name: string, from = tree) => {
    const author = key(name)
    return {
      ...caseOf(
        `${name} is absent: ${from.prove(author).end === null ? 'an empty subtree' : 'the leaf of another'}`,
        author,
        from.prove(author),
        from,
      ),
      seq: null,
      claimed: null,
      paid: null,
    }
  }
  const one = createStateTree()
  one.replace(accountOf(5))

  const [first, second] = [key('account 0'), key('account 1')]
  const proof = tree.prove(first)
  const bytes = encodeBalanceProof(proof)
  const flipped = bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte))
  const stranger = Array.from({ length: 50 }, (_, n) => key(`stranger ${n}`)).find((author) => tree.prove(author).end?.[0] === 'other')!
  return {
    accounts: states.map(({ head, paid, claimed }) => ({
      author: toHex(head.author),
      seq: head.seq,
      id: toHex(head.id),
      claimed: `${head.claimed}`,
      paid: `${head.paid}`,
      staked: head.staked,
      lines: { paid: Object.fromEntries(paid), claimed: Object.fromEntries(claimed) },
    })),
    valid: [
      ...states.map((_, n) => present(n)),
      ...['stranger 0', 'stranger 1', 'stranger 2', 'stranger 3'].map((name) => absent(name)),
      { ...present(5, one), what: 'the only account' },
      absent('stranger 0', one),
      { ...absent('stranger 0', createStateTree()), what: 'no account at all' },
    ],
    invalid: [
      { ...caseOf('the proof of another account', second, proof), reason: 'root' },
      { ...caseOf('the proof of another state', first, proof, one), reason: 'root' },
      { ...caseOf('a changed byte in what the leaf says', first, flipped), reason: 'root' },
      { ...caseOf('absence claimed where an account is', first, { ...proof, end: null }), reason: 'root' },
      { ...caseOf('a sibling left out', first, { ...proof, siblings: proof.siblings.slice(1) }), reason: 'root' },
      {
        ...caseOf('an account shown as absent by its own leaf', first, { ...proof, end: ['other', sha256(first), key('digest')] }),
        reason: 'place',
      },
      {
        ...caseOf('absence by a leaf of another subtree', first, { siblings: proof.siblings, end: tree.prove(stranger).end }),
        reason: 'place',
      },
      { ...caseOf('a byte more', first, new Uint8Array([...bytes, 0])), reason: 'malformed' },
      { ...caseOf('cut short', first, bytes.slice(0, -1)), reason: 'malformed' },
      { ...caseOf('nothing', first, new Uint8Array(0)), reason: 'malformed' },
    ],
  }
}

export const formatProofs = (vectors: ProofVectors): string => `${JSON.stringify(vectors, null, 1)}\n`

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(proofsFile, formatProofs(proofVectors()))
