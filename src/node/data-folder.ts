/**
 * The relay's data folder: made on first use, readable by its owner only (it holds the swarm's keys), one process at a time.
 * One of several witnesses finds its own inside the folder that `swarm create` made, or a copy of it.
 */
import { access, chmod, constants, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { err, ok, type Result } from '../lib/result.ts'
import { type OpenStoreError, openClassicLevelStore, type RelayStore } from './classic-level-store.ts'

export const policyFile = 'policy.cbor'
export const founderFile = 'founder.key'
/** The newest that was signed in the founder's folder. */
export const noticeFile = 'notice.cbor'
/** There while one is signed. */
export const noticeLockFile = 'notice.lock'
export const witnessFolder = (data: string, place: number): string => join(data, `witness-${place}`)

export interface WitnessPlace {
  /** From 1. */
  readonly place: number
  readonly of: number
}

/** Where this relay's data is: made where it is missing, but never for one of several, whose keys are only there. */
export const chooseDataFolder = async (data: string, witness: WitnessPlace | undefined): Promise<Result<string, string>> => {
  const isThere = (path: string): Promise<boolean> =>
    stat(path).then(
      () => true,
      () => false,
    )
  if (!witness)
    return (await isThere(join(data, policyFile)))
      ? err(`${data} holds a swarm of several witnesses: say which of them this is with --witness i/n.`)
      : ok(data)
  const folder = witnessFolder(data, witness.place)
  return (await isThere(join(folder, 'store')))
    ? ok(folder)
    : err(
        `there is no witness ${witness.place} in ${data}: make the swarm with \`edge-net swarm create --witnesses ${witness.of} --data DIR\`, or copy its folder to ${folder}.`,
      )
}

export const openDataFolder = async (folder: string): Promise<Result<RelayStore, string>> => {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    const store = join(folder, 'store')
    await mkdir(store, { recursive: true, mode: 0o700 })
    await chmod(store, 0o700)
    const opened = await openClassicLevelStore(store)
    return opened.ok ? opened : err(explain(folder, opened.error))
  } catch (error) {
    return err(`cannot write in ${folder}: ${(error as Error).message}. Choose another folder with --data DIR.`)
  }
}

const explain = (folder: string, error: OpenStoreError): string => {
  switch (error.type) {
    case 'locked':
      return `another process is already using ${folder}. Stop it, or choose another folder with --data DIR.`
    case 'not-writable':
      return `cannot write in ${folder}: ${error.message}. Choose another folder with --data DIR.`
    case 'damaged':
      return (
        `the store in ${folder} is damaged: ${error.message}. It holds the swarm's ledger and keys, so nothing was changed. ` +
        'Restore the folder from a backup, or start a new swarm with --data DIR.'
      )
  }
}
