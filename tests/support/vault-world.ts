/** A swarm around one vault, for tests: founder, one witness, an issuer that pays, and a store that can be killed at any commit. */
import { createPolicy, encodeSignedPolicy, type PolicyParts, signPolicy, swarmIdOf, rulesOf } from '../../src/economy/policy-codec.ts'
import type { SwarmLink } from '../../src/economy/link.ts'
import { certifyDevice } from '../../src/identity/device.ts'
import type { PublicKey } from '../../src/identity/keys.ts'
import { createNobleSigner, createNobleVerifier } from '../../src/identity/noble.ts'
import { signCertificate } from '../../src/ledger/certificate.ts'
import { parseEntry } from '../../src/ledger/entry.ts'
import { createOwnChain } from '../../src/ledger/own-chain.ts'
import type { Certificate, PayLine } from '../../src/ledger/types.ts'
import { type Bytes, compareBytes, sha256, toHex, utf8 } from '../../src/lib/bytes.ts'
import { createManualClock } from '../../src/lib/clock.ts'
import { createSeededRandom } from '../../src/lib/random.ts'
import { createMemoryStore, type Store, type StoreValue } from '../../src/lib/store.ts'
import { joinOpOf } from '../../src/vault/settling.ts'
import { createVault, type LocalVault } from '../../src/vault/create-vault.ts'
import { createMemoryKeyKeeper } from '../../src/vault/key-keeper.ts'
import type { VaultCall, VaultCalls } from '../../src/vault/vault.ts'

export const credit = 1_000_000

export interface Income {
  readonly entry: Bytes
  readonly certificate: Certificate
}
export type Snapshot = ReadonlyMap<string, StoreValue>

export const named = (name: string) => createNobleSigner(sha256(utf8(name)))

/** The `at`-th commit (from 1) is the last thing that happens to this store: before or after it is written, everything throws. */
export const mortal = (
  store: Store,
  at: number,
  moment: 'before' | 'after',
): Store & { readonly commits: () => number; readonly dead: () => boolean } => {
  let commits = 0
  let dead = false
  const alive = (): void => {
    if (dead) throw new Error('killed')
  }
  return {
    get: async (table, key) => (alive(), store.get(table, key)),
    list: async (table, options) => (alive(), store.list(table, options)),
    commit: async (writes, expects) => {
      alive()
      dead = ++commits === at
      if (dead && moment === 'before') throw new Error('killed')
      const done = await store.commit(writes, expects)
      alive()
      return done
    },
    close: store.close,
    commits: () => commits,
    dead: () => dead,
  }
}

/** Everything of one seed is the same at every run: keys, ids, signatures, times. */
export const createWorld = async (seed = 'vault', openingMicro = credit, parts: Partial<PolicyParts> = {}) => {
  const clock = createManualClock()
  const random = createSeededRandom(seed)
  const verifier = createNobleVerifier()
  const [founder, witness, issuer] = [named('founder'), named('witness'), named('issuer')]
  const policy = createPolicy(
    { random, now: clock.now() },
    { name: 'friends', founder: founder.publicKey, witnesses: [witness.publicKey], issuer: issuer.publicKey, models: [], openingMicro, stampBits: 0, ...parts },
  )
  const signedPolicy = encodeSignedPolicy(await signPolicy(founder, policy))
  const swarm = swarmIdOf(policy)
  const link: SwarmLink = { swarm, founder: founder.publicKey, secret: null, relays: ['ws://127.0.0.1:8787'], trackers: [], invite: null }

  const certify = async (bytes: Bytes): Promise<Certificate> => {
    const parsed = parseEntry(bytes)
    if (!parsed.ok) throw new Error('no entry')
    const { author, seq } = parsed.value.entry
    return signCertificate(witness, swarm, { author, seq, id: parsed.value.id })
  }

  /** Payers beside the issuer are issuers by their own rules: our vault sees an entry with a good certificate, and so it should. */
  const payer = (name: string) => {
    const signer = named(name)
    const chain = createOwnChain({
      store: createMemoryStore(),
      signer,
      verifier,
      rules: { ...rulesOf(policy), issuer: signer.publicKey },
      clock,
    })
    return async (lines: readonly PayLine[]): Promise<Income> => {
      const join = (await chain.head()).seq < 0 ? [joinOpOf(await certifyDevice(named(`root of ${name}`), signer.publicKey), new Uint8Array(0))] : []
      const made = await chain.append([...join, { op: 'pay', lines: [...lines].sort(([a], [b]) => compareBytes(a, b)) }])
      if (!made.ok) throw new Error(JSON.stringify(made.error))
      const certificate = await certify(made.value.bytes)
      await chain.certified(certificate)
      return { entry: made.value.bytes, certificate }
    }
  }

  const keeper = createMemoryKeyKeeper(random)
  const open = async (store: Store, session = 'session'): Promise<LocalVault> => {
    const made = await createVault({ store, keeper, clock, random: createSeededRandom(`${seed}/vault`), verifier, session })
    if (!made.ok) throw new Error(JSON.stringify(made.error))
    return made.value
  }

  return { clock, verifier, policy, signedPolicy, swarm, link, witness, issuer, certify, payer, keeper, open }
}
export type World = Awaited<ReturnType<typeof createWorld>>

/** The answer, or throws: for steps of a test that must succeed. */
export const must = async <C extends VaultCall>(
  vault: LocalVault,
  id: string,
  call: C,
  args: VaultCalls[C]['args'],
): Promise<VaultCalls[C]['answer']> => {
  const result = await vault.call(id, call, args)
  if (!result.ok) throw new Error(`${id}: ${JSON.stringify(result.error)}`)
  return result.value
}

export const line = (payee: PublicKey, total: number): PayLine => [payee, total, total, 1, 0]

export const sowBody = (units: number, { maxPrice = 1_000_000, redundancy = 3 } = {}) =>
  ({ type: 'embedding', model: 'mini', size: 1024, units, maxPrice, redundancy, priority: 'normal' }) as const

export const agreementBody = (sow: Bytes, units: number, price: number, quote = 'quote') => ({
  sow,
  quote: sha256(utf8(quote)),
  commitment: sha256(utf8('payload')),
  price,
  units,
  deadline: 1_700_000_060_000,
  kem: sha256(utf8('kem')),
  resultClass: 'class',
})

/** Consent, swarm, policy, head: as far as every test of work goes. With a grant where `granted` is given. */
export const enrol = async (world: World, vault: LocalVault, granted = 0): Promise<void> => {
  await vault.changeSettings({ consented: true })
  await vault.joinSwarm(world.link)
  await must(vault, 'policy', 'policy', { signedPolicy: world.signedPolicy })
  await must(vault, 'adopt', 'adopt', { entries: [], certificate: null })
  if (granted === 0) return
  const { device } = (await vault.status()).device
  const income = await world.payer('issuer')([line(device, granted)])
  const { pending } = await must(vault, 'grant', 'claim', { incomes: [income] })
  await must(vault, 'granted', 'certified', { certificate: await world.certify(pending[0]!) })
}

/** Every record as a line, sorted: two stores with the same lines hold the same. */
export const linesOf = (snapshot: Snapshot): readonly string[] =>
  [...snapshot]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value, (_, part: unknown) => (part instanceof Uint8Array ? toHex(part) : part))}`)
