import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Bytes, sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { encodeBalanceProof, parseBalanceProof, verifyBalanceProof } from '../../../src/ledger/balance-proof.ts'
import { bare, emptyHead } from '../../../src/ledger/chain-state.ts'
import { createStateTree } from '../../../src/ledger/state-tree.ts'

const key = (name: string) => sha256(utf8(name))
const treeOf = (names: readonly string[]) => {
  const tree = createStateTree()
  for (const [i, name] of names.entries())
    tree.advance(bare({ ...emptyHead(key(name)), seq: i, id: key(`${name} head`), claimed: BigInt(i) * 1000n }))
  return tree
}
/** As a holder of the root alone would: from the bytes. */
const verifyBytes = (root: Bytes, author: Bytes, bytes: Uint8Array) => {
  const parsed = parseBalanceProof(bytes)
  return parsed.ok ? verifyBalanceProof(root, author, parsed.value) : parsed
}
const names = fc.uniqueArray(fc.string(), { maxLength: 30 })

test('every account is proved with what the state says of it, and every other with its absence', () => {
  fc.assert(
    fc.property(names, fc.string(), (list, other) => {
      const tree = treeOf(list)
      for (const name of [...list, `no account ${other}`]) {
        const read = verifyBytes(tree.root(), key(name), encodeBalanceProof(tree.prove(key(name))))
        expect(read).toEqual({ ok: true, value: list.includes(name) ? tree.account(key(name)) : undefined })
      }
    }),
  )
})

test('no proof survives a changed byte, a cut or an added one', () => {
  fc.assert(
    fc.property(names, fc.string(), fc.boolean(), fc.nat(), fc.integer({ min: 1, max: 255 }), (list, other, present, at, flip) => {
      const tree = treeOf(list)
      const author = key(present && list.length > 0 ? list[0]! : `no account ${other}`)
      const bytes = encodeBalanceProof(tree.prove(author))
      const mutated = bytes.map((byte, i) => (i === at % bytes.length ? byte ^ flip : byte))
      for (const bad of [mutated, bytes.slice(0, -1), new Uint8Array([...bytes, 0])])
        expect(verifyBytes(tree.root(), author, bad).ok).toBe(false)
    }),
    { numRuns: 500 },
  )
})

test('every single byte of one proof of each kind is bound', () => {
  const tree = treeOf(Array.from({ length: 20 }, (_, i) => `account ${i}`))
  for (const author of [key('account 3'), ...['x', 'y', 'z', 'w', 'v', 'u'].map(key)]) {
    const bytes = encodeBalanceProof(tree.prove(author))
    for (let i = 0; i < bytes.length; i++) {
      const mutated = bytes.slice()
      mutated[i]! ^= 1
      expect(verifyBytes(tree.root(), author, mutated).ok, `byte ${i} of ${toHex(bytes)}`).toBe(false)
    }
  }
})

test('a proof of another account, or of another state, is none', () => {
  const tree = treeOf(['ana', 'ben', 'cy', 'dee'])
  const proof = tree.prove(key('ana'))
  expect(verifyBalanceProof(tree.root(), key('ben'), proof).ok).toBe(false)
  expect(verifyBalanceProof(treeOf(['ana', 'ben', 'cy']).root(), key('ana'), proof).ok).toBe(false)
})

test('an account that is there cannot be shown as absent by the leaf of another', () => {
  const tree = treeOf(['ana', 'ben', 'cy', 'dee', 'eve'])
  for (const [name, other] of [
    ['ana', 'ben'],
    ['ben', 'ana'],
    ['cy', 'dee'],
  ] as const) {
    const { siblings, end } = tree.prove(key(other))
    expect(end?.[0]).toBe('account')
    const leafOfOther = tree.prove(sha256(utf8('nobody'))).end
    for (const faked of [
      { siblings, end: null },
      { siblings: [], end: leafOfOther },
      { siblings: siblings.slice(0, -1), end: leafOfOther },
    ])
      expect(verifyBalanceProof(tree.root(), key(name), faked).ok).toBe(false)
  }
})
