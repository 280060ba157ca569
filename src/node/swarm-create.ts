/**
 * `edge-net swarm create`: a swarm of n = 3f+1 witnesses, before any of its relays runs.
 *
 * | in the folder | what                                                                                  |
 * | ------------- | ------------------------------------------------------------------------------------- |
 * | policy.cbor   | the signed policy                                                                     |
 * | founder.key   | the founder's secret key in hex: no relay needs it, keep it away from all of them     |
 * | witness-i/    | a relay's data folder with the keys of witness i only; the first has the issuer's too |
 *
 * The founder's key certifies the relays' device keys here, once, so that no folder needs it. Addresses are decided here as
 * well: they are in the link by which people join, and the relays find each other by them.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { predecessorWrites } from '../agent/relay-succession.ts'
import type { Succession } from '../agent/succession.ts'
import { inviteWrite, neverExpires } from '../economy/issuer.ts'
import { formatLink } from '../economy/link-codec.ts'
import {
  createPolicy,
  encodeSignedPolicy,
  parseSignedPolicy,
  privateDefaults,
  publicDefaults,
  signPolicy,
  swarmIdOf,
} from '../economy/policy-codec.ts'
import { certifyDevice } from '../identity/device.ts'
import { createNobleSigner } from '../identity/noble.ts'
import { type Bytes, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { ModelCard } from '../tasks/model-card.ts'
import { founderFile, openDataFolder, policyFile, witnessFolder } from './data-folder.ts'
import type { SwarmCreateOptions } from './options.ts'
import { inviteUses, loopbackUrl, type Member, writeMember } from './setup.ts'

/** Of about a KiB each. */
const proofsPerCommit = 1_000

/** The link by which one joins. */
export const createSwarm = async (
  { random, clock }: { readonly random: Random; readonly clock: Clock },
  { data, witnesses, name, urls, port, policy: changes, budgetMicro }: SwarmCreateOptions,
  models: readonly ModelCard[],
  succession?: Succession,
): Promise<Result<string, string>> => {
  const empty = await makeEmpty(data)
  if (!empty.ok) return empty
  const secret = random.bytes(32)
  const founder = createNobleSigner(secret)
  const certified = async () => {
    const own = random.bytes(32)
    const { root, device, signature } = await certifyDevice(founder, createNobleSigner(own).publicKey)
    return { device, keys: { secret: own, root, signature } }
  }
  const issuer = await certified()
  const members = await Promise.all(
    Array.from({ length: witnesses }, async (_, i) => ({
      witness: random.bytes(32),
      port: urls.length > 0 ? port : port + i,
      url: urls[i] ?? loopbackUrl(port + i),
      ...(await certified()),
    })),
  )
  const defaults = changes.kind === 'public' ? publicDefaults : privateDefaults
  // What members come over with is paid out of the grants, and is not to be short of them.
  const grantsMicro = BigInt(changes.grantsMicro ?? defaults.grantsMicro) + (succession?.owedMicro ?? 0n)
  if (grantsMicro > BigInt(Number.MAX_SAFE_INTEGER))
    return err('--grants: with what the swarm before owes it is more than a swarm can give')
  const policy = createPolicy(
    { random, now: clock.now() },
    {
      name,
      founder: founder.publicKey,
      witnesses: members.map(({ witness }) => createNobleSigner(witness).publicKey),
      issuer: issuer.device,
      models,
      ...changes,
      grantsMicro: Number(grantsMicro),
      predecessor: succession?.predecessor ?? null,
      ...(budgetMicro !== undefined && { issuance: { ...defaults.issuance, budgetMicro } }),
    },
  )
  const bytes = encodeSignedPolicy(await signPolicy(founder, policy))
  const checked = parseSignedPolicy(bytes)
  if (!checked.ok)
    return err(`the policy would not be valid: ${checked.error.reason === 'malformed' ? checked.error.what : checked.error.reason}`)

  const [swarmSecret, invite] = [random.bytes(32), random.bytes(16)]
  const relays = members.map(({ url, device }) => ({ url, device }))
  for (const [i, { witness, port: own, keys }] of members.entries()) {
    const record: Member['record'] = {
      v: 2,
      port: own,
      place: i + 1,
      relays,
      policy: bytes,
      swarmSecret,
      witness,
      issuer: i === 0 ? issuer.keys : null,
      device: keys,
    }
    const granted = { grantMicro: policy.grantMicro, usesLeft: inviteUses, expires: neverExpires }
    const member = { record, invite, more: i === 0 ? [inviteWrite(invite, granted)] : [] }
    const written = await writeFolder(witnessFolder(data, i + 1), member, succession?.proofs ?? [])
    if (!written.ok) return written
  }
  const kept = await writeFiles(data, [
    [founderFile, `${toHex(secret)}\n`],
    [policyFile, bytes],
  ])
  if (!kept.ok) return kept
  const addresses = relays.map(({ url }) => url)
  return ok(
    formatLink({
      swarm: swarmIdOf(policy),
      founder: founder.publicKey,
      secret: policy.kind === 'public' ? null : swarmSecret,
      relays: addresses,
      trackers: addresses,
      invite: policy.grantMicro > 0 ? invite : null,
    }),
  )
}

const makeEmpty = async (folder: string): Promise<Result<void, string>> => {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    return (await readdir(folder)).length === 0 ? ok(undefined) : err(`${folder} is not empty: choose another folder with --data DIR.`)
  } catch (error) {
    return err(`cannot write in ${folder}: ${(error as Error).message}. Choose another folder with --data DIR.`)
  }
}

/** The setup last: without it the folder is nothing yet. */
const writeFolder = async (folder: string, member: Member, proofs: Succession['proofs']): Promise<Result<void, string>> => {
  const opened = await openDataFolder(folder)
  if (!opened.ok) return opened
  let kept = true
  for (let at = 0; kept && at < proofs.length; at += proofsPerCommit) {
    const writes = proofs.slice(at, at + proofsPerCommit).flatMap(([account, proof]) => predecessorWrites(account, proof))
    kept = (await opened.value.commit(writes)).ok
  }
  const written = kept ? await writeMember(opened.value, member) : err('the state of the swarm before could not be written')
  await opened.value.close()
  return written
}

const writeFiles = async (
  folder: string,
  files: readonly (readonly [name: string, content: string | Bytes])[],
): Promise<Result<void, string>> => {
  try {
    for (const [name, content] of files) await writeFile(join(folder, name), content, { mode: 0o600, flush: true })
    return ok(undefined)
  } catch (error) {
    return err(`cannot write in ${folder}: ${(error as Error).message}`)
  }
}
