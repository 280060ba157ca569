/**
 * The founder's part: the relay's, without an address, played in the browser of whoever made the swarm (network.md, *The relay*,
 * last paragraph). The witness and issuer of node/relay.ts run here over the agent's store; each signature is the vault's
 * (vault/founding-signatures.ts), which may refuse, be away or die: then no answer goes out, and whoever asked asks again.
 *
 * | order | what                                                                                       |
 * | ----- | ------------------------------------------------------------------------------------------ |
 * | 1     | invites that the vault has made are written where the issuer looks for them                  |
 * | 2     | in a new session: members are asked what was signed here (founder-recall.ts)                 |
 * | 3     | witness and issuer answer; members are told which device they are at                         |
 * | 4     | every certified entry of the issuer's and the founder's own chain is given to members to keep (founder-copies.ts) |
 *
 * It can be stopped before, between and within these steps, and begins again at the first.
 */
import { inviteWrite, neverExpires, revokeInvite } from '../economy/issuer.ts'
import { parseSignedPolicy, rulesOf } from '../economy/policy-codec.ts'
import type { PublicKey, Signer } from '../identity/keys.ts'
import { createOwnChain } from '../ledger/own-chain.ts'
import { quorumOf } from '../ledger/rules.ts'
import type { JudgedReason } from '../ledger/verdict.ts'
import { signBinding } from '../ledger/witness-binding.ts'
import { assert } from '../lib/assert.ts'
import { type Bytes, sha256, toHex } from '../lib/bytes.ts'
import type { Result } from '../lib/result.ts'
import { scopedStore } from '../vault/scoped-store.ts'
import type { Vault, VaultStatus } from '../vault/vault.ts'
import type { AgentDeps, Membership } from './deps.ts'
import { createFounderCopies } from './founder-copies.ts'
import type { FounderMember } from './founder-members.ts'
import { startRecall } from './founder-recall.ts'
import { createFounderRoll, type JudgeError } from './founder-roll.ts'
import { type Kept, keptMessage } from './keepsakes.ts'
import { type SplitNetwork } from './own-relay.ts'
import { type RelayNode, startRelay } from './relay.ts'
import type { WitnessBook } from './witness-book.ts'

/** Everyone's link with the witness: a node strives for a few, this one for many, and takes twice as many. */
export const founderReach = { degree: 40, peersMax: 128 } as const
const tickMs = 1_000
const retryMs = 5_000

export type Founded = NonNullable<NonNullable<VaultStatus['swarm']>['founded']>

export interface FounderView {
  /** recalling: waits for a member who can say what was signed before. missing: for long; its founder may decide to go on. */
  readonly state: 'starting' | 'recalling' | 'missing' | 'serving'
  readonly invites: readonly { readonly token: string; readonly usesLeft: number }[]
  readonly members: readonly FounderMember[]
}

export interface FounderPart {
  readonly view: () => FounderView
  /** The founder, as the witness's owner, closes an account for good; the view tells how far it is. */
  readonly judge: (target: PublicKey, reason: JudgedReason) => Promise<Result<void, JudgeError>>
  /** The vault has made another invite, or revoked one. */
  readonly follow: (founded: Founded) => void
  /** What the founder's notices say has changed. */
  readonly onTerms: () => void
  /** Where members who know what was signed are missing: without them. */
  readonly goOn: () => void
  readonly close: () => Promise<void>
}

export const startFounder = (
  deps: AgentDeps,
  member: Membership & { readonly signedPolicy: Bytes },
  first: Founded,
  {
    split,
    book,
    changed,
    served,
    blocked,
  }: {
    readonly split: SplitNetwork
    readonly book: WitnessBook
    readonly changed: () => void
    /** The own relay's part answers from now on. */
    readonly served: () => void
    /** The block list in force, in hex. */
    readonly blocked: () => readonly string[]
  },
): FounderPart => {
  const { clock, random, vault, verifier, engine, sealer } = deps
  const { device } = member.device
  const signed = parseSignedPolicy(member.signedPolicy)
  assert(signed.ok, 'a policy was checked before it was stored')
  const signedPolicy = signed.value
  const rules = rulesOf(signedPolicy.policy)
  const store = scopedStore(deps.store, `founder/${toHex(rules.swarm).slice(0, 32)}`)
  const witness = vaultSigner(vault, 'witness', first.witness)
  const issuer = { signer: vaultSigner(vault, 'issuer', first.issuer.device), certificate: first.issuer }
  const roll = createFounderRoll({
    ...{ clock, store, blocked, changed },
    self: member.device,
    issuer: issuer.signer.publicKey,
    needed: quorumOf(rules.witnesses.length),
    peers: () => split.node.peers(),
  })
  const issuerChain = createOwnChain({ store, signer: issuer.signer, verifier, rules, clock })

  let founded = first
  let state: FounderView['state'] = 'starting'
  let invites: FounderView['invites'] = []
  /** The vault's invites are not all written here as they are there. */
  let behind = false
  let node: RelayNode | undefined
  let endRecall = (): void => {}
  let goOn = (): void => {}
  let cancel = (): void => {}
  let stopWaiting = (): void => {}
  let beginning: Promise<void> = Promise.resolve()
  let closed = false

  const become = (next: typeof state): void => {
    state = next
    changed()
  }

  const writeInvites = async (): Promise<void> => {
    for (const { token, uses, revoked } of founded.invites) {
      const write = inviteWrite(token, { grantMicro: signedPolicy.policy.grantMicro, usesLeft: uses, expires: neverExpires })
      // One that is there already has perhaps been used.
      await store.commit([write], [{ table: write.table, key: write.key, equals: undefined }])
      const done = !revoked || (await (node ? node.issuer.revokeInvite(token) : revokeInvite(store, token))).ok
      if (!done) throw new Error('an invite is not revoked yet')
    }
    behind = false
  }
  const readInvites = async (): Promise<void> => {
    const shown = founded.invites.filter(({ own }) => !own)
    invites = await Promise.all(
      shown.map(async ({ token, uses }) => {
        const record = (await store.get('invites', toHex(token))) as readonly [number, number, number] | undefined
        return { token: toHex(token), usesLeft: record?.[1] ?? uses }
      }),
    )
    changed()
  }

  /** Certified entries of a chain from this number on, one by one. */
  const issuerFrom = async (seq: number): Promise<readonly Kept[]> => {
    const kept: Kept[] = []
    for (const { bytes, entry } of await issuerChain.entriesFrom(seq)) {
      const certificate = await issuerChain.certificateFrom(entry.seq)
      if (certificate?.seq === entry.seq) kept.push({ entry: bytes, certificate })
    }
    return kept
  }
  const ownFrom = async (seq: number): Promise<readonly Kept[]> => {
    const kept: Kept[] = []
    for (let at = seq; ;) {
      const proof = await vault.call('entryProof', 'entryProof', { seq: at })
      if (!proof.ok || !proof.value) return kept
      kept.push({ entry: proof.value.entries.at(-1)!, certificate: proof.value.certificate })
      at = proof.value.certificate.seq + 1
    }
  }
  const copies = createFounderCopies({
    ...{ clock, store, network: split.node },
    authors: { issuer: issuer.signer.publicKey, own: device },
    read: { issuer: issuerFrom, own: ownFrom },
  })

  /** What members hold of both chains beyond what is here; undefined: ended, or they lack a part of what they hold. */
  const recall = async (): Promise<readonly Kept[] | undefined> => {
    become('recalling')
    const account = await vault.call('account', 'account', {})
    if (!account.ok) return undefined
    const fromIssuer = ((await issuerChain.certificate())?.seq ?? -1) + 1
    const fromOwn = (account.value.summary?.seq ?? -1) + 1
    const chains = [
      { author: issuer.signer.publicKey, from: fromIssuer, held: await copies.held('issuer') },
      { author: device, from: fromOwn, held: await copies.held('own') },
    ]
    if (closed) return undefined
    const running = startRecall({
      ...{ clock, network: split.node, verifier, rules, chains, introduce: book.tell },
      missed: () => become('missing'),
    })
    endRecall = running.end
    goOn = running.goOn
    const found = await running.recalled
    goOn = () => {}
    if (!found) return undefined
    const ofIssuer = found.get(toHex(issuer.signer.publicKey)) ?? []
    const top = ofIssuer.at(-1)
    if (
      top &&
      !(
        await issuerChain.adopt(
          ofIssuer.map(({ entry }) => entry),
          top.certificate,
        )
      ).ok
    )
      return undefined
    const done = await vault.call('recalled', 'recalled', {})
    return done.ok ? [...ofIssuer, ...(found.get(toHex(device)) ?? [])] : undefined
  }

  /** The replica is to know the own chain up to what members hold before its word on it counts. */
  const knows = async (own: PublicKey, seq: number): Promise<boolean> => {
    if (seq < 0) return true
    const { accounts } = await node!.ledger()
    return accounts.some((account) => account.author === toHex(own) && account.seq >= seq)
  }

  const begin = async (): Promise<void> => {
    await writeInvites()
    await book.heard(await signBinding(witness, rules.swarm, device), toHex(device))
    for (const peer of split.node.peers()) if (peer.role === 'node') book.tell(peer.id)
    const recalled = founded.recalled ? [] : await recall()
    if (!recalled || closed) throw new Error('not yet')
    node = await startRelay({
      clock,
      random,
      store,
      verifier,
      network: split.relay,
      signedPolicy,
      witness,
      issuer,
      reexecution: { engine, sealer },
    })
    redeemed = 0
    if (closed) return
    for (const kept of recalled) await split.node.send(toHex(device), keptMessage(kept))
    await readInvites()
    become('serving')
    tick(node)
    const ownTop = recalled.findLast(({ certificate }) => toHex(certificate.author) === toHex(device))?.certificate.seq ?? -1
    while (!closed && !(await knows(device, ownTop))) await wait()
    if (closed) return
    book.setOwn(device)
    served()
  }
  /** A tick's time, or until the part is closed. */
  const wait = (): Promise<void> =>
    new Promise((resolve) => {
      if (closed) return resolve()
      const stop = clock.after(tickMs, resolve)
      stopWaiting = () => {
        stop()
        resolve()
      }
    })
  /** Two nodes must not answer over one store: the one of a beginning that failed is gone before the next. */
  const endNode = async (): Promise<void> => {
    const ending = node
    node = undefined
    cancel()
    await ending?.close()
  }
  const run = (): void => {
    beginning = begin().catch(async () => {
      if (node && !closed) become('starting')
      await endNode().catch(() => {})
      if (!closed) cancel = clock.after(retryMs, run)
    })
  }
  let redeemed = 0
  const tick = (running: RelayNode): void => {
    const count = running.counters().redeemed
    const news = behind ? writeInvites().then(readInvites) : count === redeemed ? Promise.resolve() : readInvites()
    if (count !== redeemed) roll.stale()
    redeemed = count
    // What fails here is tried again at the next tick.
    void Promise.allSettled([news, copies.giveNew(), roll.read(running)]).then(() => {
      if (!closed && node === running) cancel = clock.after(tickMs, () => tick(running))
    })
  }
  const stopPeers = split.node.onPeer((peer, change) => {
    if (peer.role === 'node') roll.onPeer(peer)
    if (change === 'left') copies.left(peer.id)
    else if (peer.role === 'node') {
      book.tell(peer.id)
      copies.joined(peer.id)
    }
  })
  run()

  return {
    view: () => ({ state, invites, members: roll.members() }),
    judge: (target, reason) => roll.judge(node, target, reason),
    onTerms: roll.stale,
    follow: (next) => {
      const other = JSON.stringify(next.invites) !== JSON.stringify(founded.invites)
      founded = next
      behind ||= other
      if (other)
        void writeInvites()
          .then(readInvites)
          .catch(() => {})
    },
    goOn: () => {
      if (state === 'missing') goOn()
    },
    close: async () => {
      closed = true
      book.setOwn(undefined)
      cancel()
      endRecall()
      stopWaiting()
      stopPeers()
      copies.close()
      await beginning
      await endNode()
    },
  }
}

/** Rejects where the vault does not sign: whoever asked gets no answer then. */
const vaultSigner = (vault: Vault, role: 'witness' | 'issuer', publicKey: PublicKey): Signer => ({
  publicKey,
  sign: async (message) => {
    const signed = await vault.call(`${role}/${toHex(sha256(message))}`, 'signFounding', { role, message: message as Bytes })
    if (!signed.ok) throw new Error(`the ${role} does not sign: ${JSON.stringify(signed.error)}`)
    return signed.value.signature
  },
})
