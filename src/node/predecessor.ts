/** `--succeeds DIR`: what a new swarm takes over from the folder of a relay of the swarm before. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { newestCheckpointDay, type Succession, successionFrom } from '../agent/succession.ts'
import { createNobleVerifier } from '../identity/noble.ts'
import { dayMs } from '../ledger/checkpoint.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { openDataFolder, witnessFolder } from './data-folder.ts'
import { witnessesMax } from './options.ts'
import { readSetup } from './setup.ts'

export const readPredecessor = async (data: string): Promise<Result<Succession, string>> => {
  const folders = await relayFolders(data)
  if (folders.length === 0) return err(`--succeeds: ${data} is no folder of a relay, nor of a swarm that has one.`)
  let newestDay = -1
  let best: Succession | undefined
  for (const folder of folders) {
    const read = await readFolder(folder)
    if (!read.ok) return read
    const { found, knownDay } = read.value
    newestDay = Math.max(newestDay, knownDay)
    if (found && found.predecessor.day > (best?.predecessor.day ?? -1)) best = found
  }
  if (!best)
    return err(
      `--succeeds: there is no checkpoint's state in ${data}. One is made every day (UTC) while its relay runs: start it, and try again a day later.`,
    )
  return best.predecessor.day < newestDay
    ? err(
        `--succeeds: the newest checkpoint is of ${dateOf(newestDay)}, and in ${data} the newest state is of ${dateOf(best.predecessor.day)}: what came after it would be lost. Give the folder of a relay that signed the newest, or start this one again and try a day later.`,
      )
    : ok(best)
}

const readFolder = async (
  folder: string,
): Promise<Result<{ readonly found: Succession | undefined; readonly knownDay: number }, string>> => {
  const opened = await openDataFolder(folder)
  if (!opened.ok) return opened
  const store = opened.value
  try {
    const setup = await readSetup(store)
    if (!setup.ok)
      return err(
        setup.error.type === 'version'
          ? `--succeeds: the policy in ${folder} is of another version of Edge-Net (${setup.error.what}). Use the version that wrote it.`
          : `--succeeds: the store in ${folder} is damaged: ${setup.error.what}. Restore the folder from a backup.`,
      )
    if (!setup.value) return err(`--succeeds: no relay has run in ${folder} yet.`)
    const found = await successionFrom(store, createNobleVerifier(), setup.value.signedPolicy.policy)
    return ok({ found, knownDay: await newestCheckpointDay(store) })
  } finally {
    await store.close()
  }
}

/** The folder itself, or those of a swarm's relays that are here. */
const relayFolders = async (data: string): Promise<readonly string[]> => {
  const isRelay = (folder: string): Promise<boolean> =>
    stat(join(folder, 'store')).then(
      () => true,
      () => false,
    )
  if (await isRelay(data)) return [data]
  const folders = Array.from({ length: witnessesMax }, (_, i) => witnessFolder(data, i + 1))
  const there = await Promise.all(folders.map(isRelay))
  return folders.filter((_, i) => there[i])
}

const dateOf = (day: number): string => new Date(day * dayMs).toISOString().slice(0, 10)

/** What whoever makes the successor should know, for people. */
export const describeSuccession = ({ predecessor, proofs, owedMicro, laterAccounts }: Succession): readonly string[] => {
  const credits = `${owedMicro / 1_000_000n}.${String(owedMicro % 1_000_000n).padStart(6, '0')}`
  const taken = `it succeeds the swarm of before as of its checkpoint of ${dateOf(predecessor.day)}: ${proofs.length} accounts with ${credits} credits, which the grants were raised by`
  const later = `not part of it, as it was certified after that: something of ${laterAccounts} of the accounts that its relay knows`
  return laterAccounts === 0 ? [taken] : [taken, later]
}
