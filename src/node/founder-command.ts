/**
 * `edge-net notice`, `edge-net invite` and `edge-net verdict`: what its owners ask of a swarm whose relays run.
 *
 * Where one relay is the whole swarm, it has the founder's key and signs. A swarm of several witnesses has that key in the folder that
 * `swarm create` made: the notice is signed here, kept beside it, and given to every witness's folder that is still there. One relay
 * that has it is enough, as it tells the others.
 */
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type KnownNotice, nextNotice, openNotice } from '../economy/notice-codec.ts'
import { changedTerms, termsOf, type TermsChange } from '../economy/notice.ts'
import { parseSignedPolicy } from '../economy/policy-codec.ts'
import type { Policy } from '../economy/policy.ts'
import { createNobleSigner } from '../identity/noble.ts'
import { type Bytes, equalBytes, fromHex, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { chooseDataFolder, founderFile, noticeFile, noticeLockFile, policyFile, witnessFolder } from './data-folder.ts'
import type { CloseOptions } from './options.ts'
import { giveOrder, type Order } from './orders.ts'
import { noticeFault, termsLines } from './relay-orders.ts'

interface Deps {
  readonly clock: Clock
  readonly random: Random
}

/** What `notice` is asked to do: show what holds, change it, or hand a notice that was signed elsewhere to this folder's relay. */
export type NoticeWish = { readonly show: true } | { readonly change: TermsChange } | { readonly take: string }

/** Lines to print. */
export const giveNotice = async (deps: Deps, data: string, wish: NoticeWish): Promise<Result<readonly string[], string>> => {
  if ('take' in wish) {
    const bytes = await readFile(wish.take).catch(() => undefined)
    return bytes ? ask(deps, data, { do: 'take', notice: toHex(bytes) }) : err(`${wish.take} cannot be read`)
  }
  const change = 'change' in wish ? wish.change : undefined
  if (await isThere(join(data, policyFile))) return noticeOfSeveral(deps, data, change)
  if (!change) return ask(deps, data, { do: 'show' })
  const { block, unblock, stepMicro, relays, models, dropModels } = change
  return ask(deps, data, {
    do: 'change',
    ...(stepMicro !== undefined && { stepMicro }),
    ...(block && { block: block.map(toHex) }),
    ...(unblock && { unblock: unblock.map(toHex) }),
    ...(relays && { relays: [...relays] }),
    ...(models && { models: models as Extract<Order, { do: 'change' }>['models'] & object }),
    ...(dropModels && { dropModels: [...dropModels] }),
  })
}

export const askOfIssuer = async (deps: Deps, data: string, order: Order): Promise<Result<readonly string[], string>> =>
  ask(deps, (await isThere(join(data, policyFile))) ? witnessFolder(data, 1) : data, order)

export const closeAccount = async (
  deps: Deps,
  { data, witness, target, reason }: CloseOptions,
): Promise<Result<readonly string[], string>> => {
  const folder = await chooseDataFolder(data, witness)
  return folder.ok ? ask(deps, folder.value, { do: 'close', account: toHex(target), reason }) : folder
}

const ask = async ({ clock, random }: Deps, data: string, order: Order): Promise<Result<readonly string[], string>> => {
  if (!(await isThere(join(data, 'store')))) return err(`there is no relay in ${data}: give its folder with --data DIR`)
  const given = await giveOrder(data, order, { clock, name: toHex(random.bytes(8)) })
  if (!given.ok) return given
  return ok(given.value === 'later' ? [`no relay runs on ${data} now: it takes this up when it starts`] : given.value)
}

const noticeOfSeveral = async (deps: Deps, data: string, change: TermsChange | undefined): Promise<Result<readonly string[], string>> => {
  const signed = parseSignedPolicy(await readFile(join(data, policyFile)))
  if (!signed.ok) return err(`${join(data, policyFile)} cannot be read: another version of Edge-Net wrote it`)
  const { policy } = signed.value
  if (!change) {
    const kept = await keptNotice(data)
    return kept.ok ? ok(termsLines(kept.value?.notice.version ?? 0, termsOf(policy, kept.value?.notice), false)) : kept
  }
  const made = await signAlone(data, () => signNext(deps, data, policy, change))
  if (!made.ok) return made
  const { notice, bytes } = made.value
  const given = (await Promise.all(policy.witnesses.map((_, i) => handOver(deps, data, i + 1, bytes)))).flat()
  const byHand = `for relays elsewhere take ${join(data, noticeFile)} to one of them: \`notice --take ${noticeFile} --data\` its folder`
  return ok([...termsLines(notice.version, notice, false), ...(given.length > 0 ? given : [byHand])])
}

const keptNotice = async (data: string): Promise<Result<KnownNotice | undefined, string>> => {
  const file = join(data, noticeFile)
  if (!(await isThere(file))) return ok(undefined)
  const kept = openNotice(await readFile(file))
  return kept.ok ? kept : err(`${file} cannot be read. Restore it from a backup, or copy it from another founder's folder.`)
}

/** Two that run at once would sign two notices of one version, which is shown to everyone for good. */
const signAlone = async <T>(data: string, sign: () => Promise<Result<T, string>>): Promise<Result<T, string>> => {
  const lock = join(data, noticeLockFile)
  try {
    await writeFile(lock, '', { mode: 0o600, flag: 'wx' })
  } catch (error) {
    return err(
      (error as NodeJS.ErrnoException).code === 'EEXIST'
        ? `another \`notice\` is signing in ${data}: ask again. Where none runs any more, one was killed: remove ${lock}.`
        : `cannot write in ${data}: ${(error as Error).message}`,
    )
  }
  try {
    return await sign()
  } finally {
    await rm(lock)
  }
}

const signNext = async ({ clock }: Deps, data: string, policy: Policy, change: TermsChange): Promise<Result<KnownNotice, string>> => {
  const kept = await keptNotice(data)
  if (!kept.ok) return kept
  const last = kept.value
  const secret = fromHex((await readFile(join(data, founderFile), 'utf8').catch(() => '')).trim())
  const founder = secret?.length === 32 ? createNobleSigner(secret) : undefined
  if (!founder || !equalBytes(founder.publicKey, policy.founder))
    return err(`${join(data, founderFile)} is not the founder's key of this swarm`)
  const made = await nextNotice(founder, { policy, last, now: clock.now() }, changedTerms(termsOf(policy, last?.notice), change))
  if (!made.ok) return err(noticeFault(made.error))
  // Kept before it is given to anyone: another of its version must never be signed.
  await writeFile(join(data, `${noticeFile}.new`), made.value.bytes, { mode: 0o600, flush: true })
  await rename(join(data, `${noticeFile}.new`), join(data, noticeFile))
  return made
}

const handOver = async (deps: Deps, data: string, place: number, bytes: Bytes): Promise<readonly string[]> => {
  const folder = witnessFolder(data, place)
  if (!(await isThere(join(folder, 'store')))) return []
  const given = await ask(deps, folder, { do: 'take', notice: toHex(bytes) })
  return [given.ok ? `witness ${place}: ${given.value[0]}` : `witness ${place}: ${given.error}`]
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
