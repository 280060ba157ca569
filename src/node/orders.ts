/**
 * What a relay's owner asks of it while it runs: a file in its folder, which is its owner's alone, taken when it is done. So the
 * command needs neither the store, which the relay holds, nor a door that others could knock at.
 *
 * | file in orders/        | what                                                             |
 * | ---------------------- | ---------------------------------------------------------------- |
 * | close-{account}-{reason} | this witness finds that the account is to be closed; it is empty |
 */
import { mkdir, readdir, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PublicKey } from '../identity/keys.ts'
import type { JudgedReason } from '../ledger/verdict.ts'
import { type Bytes, fromHex, toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'

const lookEveryMs = 2_000
/** Taken at one look. */
const ordersMax = 64
const form = /^close-([0-9a-f]{64})-(Malicious|SybilAttack)$/

const ordersIn = (folder: string): string => join(folder, 'orders')

/** The folder, where there is a relay's data in it. */
export const placeOrder = async (
  folder: string,
  { target, reason }: { readonly target: Bytes; readonly reason: JudgedReason },
): Promise<Result<string, string>> => {
  try {
    await stat(join(folder, 'store'))
    const orders = ordersIn(folder)
    await mkdir(orders, { recursive: true, mode: 0o700 })
    const name = `close-${toHex(target)}-${reason}`
    // Whole or not at all: what is being written has another name.
    await writeFile(join(orders, `${name}.new`), '', { mode: 0o600 })
    await rename(join(orders, `${name}.new`), join(orders, name))
    return ok(folder)
  } catch (error) {
    return err(`${folder} is no relay's folder that you may write in: ${(error as Error).message}. Name it with --data DIR.`)
  }
}

/** Does what is asked, now and from now on, until it is stopped. What cannot be done yet stays and is tried again. */
export const followOrders = (
  folder: string,
  clock: Clock,
  judge: (target: PublicKey, reason: JudgedReason) => Promise<boolean>,
  log: (line: string) => void,
): (() => void) => {
  let stop = (): void => {}
  let stopped = false
  const look = async (): Promise<void> => {
    const names = await readdir(ordersIn(folder)).catch((): string[] => [])
    for (const name of names.filter((one) => form.test(one)).slice(0, ordersMax)) {
      const [, account, reason] = form.exec(name)!
      if (stopped || !(await judge(fromHex(account!)!, reason as JudgedReason).catch(() => false))) continue
      const taken = await unlink(join(ordersIn(folder), name)).then(
        () => true,
        () => false,
      )
      if (taken) log(`account ${account}: this witness has signed that it is to be closed (${reason})`)
    }
    if (!stopped) stop = clock.after(lookEveryMs, () => void look())
  }
  void look()
  return () => {
    stopped = true
    stop()
  }
}
