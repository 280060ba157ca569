/** `--succeeds DIR`: what a new swarm takes over from the folder of a relay of the swarm before. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Succession, successionFrom } from '../agent/succession.ts'
import { createNobleVerifier } from '../identity/noble.ts'
import { dayMs } from '../ledger/checkpoint.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { openDataFolder, witnessFolder } from './data-folder.ts'
import { witnessesMax } from './options.ts'
import { readSetup } from './setup.ts'

export const readPredecessor = async (data: string): Promise<Result<Succession, string>> => {
  const folder = await relayFolder(data)
  if (folder === undefined) return err(`--succeeds: ${data} is no folder of a relay, nor of a swarm that has one.`)
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
    return found
      ? ok(found)
      : err(
          `--succeeds: the relay in ${folder} knows no checkpoint's state. One is made every day (UTC) while it runs: start it, and try again a day later.`,
        )
  } finally {
    await store.close()
  }
}

/** The folder itself, or the first of a swarm's that is here. */
const relayFolder = async (data: string): Promise<string | undefined> => {
  const folders = [data, ...Array.from({ length: witnessesMax }, (_, i) => witnessFolder(data, i + 1))]
  for (const folder of folders)
    if (
      await stat(join(folder, 'store')).then(
        () => true,
        () => false,
      )
    )
      return folder
  return undefined
}

/** What whoever makes the successor should know, for people. */
export const describeSuccession = ({ predecessor, proofs, owedMicro, laterAccounts }: Succession): readonly string[] => {
  const date = new Date(predecessor.day * dayMs).toISOString().slice(0, 10)
  const credits = `${owedMicro / 1_000_000n}.${String(owedMicro % 1_000_000n).padStart(6, '0')}`
  const taken = `it succeeds the swarm of before as of its checkpoint of ${date}: ${proofs.length} accounts with ${credits} credits, which the grants were raised by`
  const later = `not part of it, as it was certified after that: something of ${laterAccounts} of the accounts that its relay knows`
  return laterAccounts === 0 ? [taken] : [taken, later]
}
