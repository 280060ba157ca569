/**
 * What the owner of a relay's folder asks of the relay that runs on it, by files: the running process holds the store, so another one
 * cannot do it itself. Whoever may write in the folder may already do everything, as it holds the keys.
 *
 * | file in `orders/` | what |
 * | ----------------- | -------------------------------------------------------------------- |
 * | NAME.json         | an order; taken up within a second, or at the relay's next start       |
 * | NAME.answer       | lines to print, or why it was not done; the asker takes it away, and where it has not waited they are logged |
 *
 * Each file is written whole under another name first. They are done in the order in which they were given. An order whose answer is
 * there is not done again, and one of which only the effect is there, because the relay was killed before it answered, is answered by
 * it (relay-orders.ts). One that its asker takes back is taken away before it is done, and never logged with its lines: they hold the
 * secrets of links, and an invite is made once at most.
 */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { blockedMax, noticeBytesMax } from '../economy/notice-codec.ts'
import { termSchemas } from '../economy/policy-codec.ts'
import { urlCharsMax, urlsMax } from '../economy/link-codec.ts'
import { judgedReasons } from '../ledger/verdict.ts'
import type { Clock } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { parse, text, uint } from '../lib/schema.ts'

const folder = 'orders'
const orderBytesMax = 512 * 1024
const lookEveryMs = 1_000
const answerMsMax = 10_000
const askAnswerEveryMs = 100

const hex = (bytes: number) => v.pipe(text(2 * bytes), v.regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`)))
const keys = v.pipe(v.array(hex(32)), v.maxLength(blockedMax))
export const orderSchema = v.variant('do', [
  v.strictObject({ do: v.literal('show') }),
  /** The founder's key is here: the relay makes the next notice. */
  v.strictObject({
    do: v.literal('change'),
    stepMicro: v.exactOptional(uint()),
    block: v.exactOptional(keys),
    unblock: v.exactOptional(keys),
    relays: v.exactOptional(v.pipe(v.array(text(urlCharsMax)), v.maxLength(urlsMax))),
    models: v.exactOptional(termSchemas.models),
    dropModels: v.exactOptional(v.array(text(64))),
  }),
  /** One that was signed elsewhere. */
  v.strictObject({ do: v.literal('take'), notice: v.pipe(text(2 * noticeBytesMax), v.regex(/^([0-9a-f]{2})+$/)) }),
  v.strictObject({ do: v.literal('invites') }),
  v.strictObject({ do: v.literal('invite'), uses: uint(), grantMicro: v.exactOptional(uint()) }),
  v.strictObject({ do: v.literal('revoke'), token: hex(16) }),
  /** By its owner's judgement this witness finds that an account is to be closed. */
  v.strictObject({ do: v.literal('close'), account: hex(32), reason: v.picklist(judgedReasons) }),
])
export type Order = v.InferOutput<typeof orderSchema>
/** Lines for its owner. */
export type OrderAnswer = Result<readonly string[], string>

const answerSchema = v.union([
  v.strictObject({ ok: v.literal(true), value: v.array(v.string()) }),
  v.strictObject({ ok: v.literal(false), error: v.string() }),
])

/** Which file an order stands in, and which others are there still. */
export interface OrderName {
  readonly name: string
  readonly present: readonly string[]
}

const waits: ReadonlySet<Order['do']> = new Set(['change', 'take', 'revoke', 'close'])

/** An order that changes something stays where no relay runs, and is taken up at its start: `later`. Others are taken back. */
export const giveOrder = async (
  data: string,
  order: Order,
  { clock, name }: { readonly clock: Clock; readonly name: string },
): Promise<Result<readonly string[] | 'later', string>> => {
  const [asked, answered] = [join(data, folder, `${name}.json`), join(data, folder, `${name}.answer`)]
  try {
    await mkdir(join(data, folder), { recursive: true, mode: 0o700 })
    await writeWhole(asked, JSON.stringify(order))
    for (let waitedMs = 0; waitedMs < answerMsMax; waitedMs += askAnswerEveryMs) {
      await new Promise<void>((resolve) => void clock.after(askAnswerEveryMs, resolve))
      const answer = parse(answerSchema, await readJson(answered))
      if (!answer.ok) continue
      await rm(answered)
      return answer.value.ok ? ok(answer.value.value) : err(answer.value.error)
    }
    if (waits.has(order.do)) return ok('later')
    await rm(asked, { force: true })
    return err(`no relay runs on ${data}: start it, and ask again`)
  } catch (error) {
    return err(`cannot write in ${data}: ${(error as Error).message}`)
  }
}

/** Looks for orders until it is stopped; a stopped one ends what it does. */
export const serveOrders = (
  data: string,
  clock: Clock,
  log: (line: string) => void,
  carryOut: (order: Order, name: OrderName) => Promise<OrderAnswer | 'not-now'>,
): (() => Promise<void>) => {
  let stopped = false
  let stopTimer = (): void => {}
  /** `changes.held`: one that was not done is before it, and would undo what a later one changes. */
  const answer = async (file: string, present: readonly string[], changes: { held: boolean }): Promise<void> => {
    const asked = join(data, folder, file)
    const { size, mtimeMs } = await stat(asked)
    const order = size > orderBytesMax ? err({ what: 'too large' }) : parse(orderSchema, await readJson(asked))
    const tooLate = (): boolean => clock.now() - mtimeMs > answerMsMax
    const change = order.ok && order.value.do === 'change'
    if (change && changes.held) return
    changes.held ||= change
    const once = order.ok && !waits.has(order.value.do)
    if (once) await rm(asked)
    if (once && tooLate()) return log(`an order came too late, nothing was done: ${order.value.do}`)
    const done = order.ok
      ? await carryOut(order.value, { name: nameOf(file), present: present.map(nameOf) })
      : err(`this relay does not know such an order: ${order.error.what}`)
    if (done === 'not-now') return
    if (!tooLate()) await writeWhole(asked.replace(/json$/, 'answer'), JSON.stringify(done))
    else if (once) log(`an order was answered too late, ask again: ${order.value.do}`)
    else for (const line of done.ok ? done.value : [done.error]) log(`as was asked: ${line}`)
    if (!once) await rm(asked)
    if (change) changes.held = false
  }
  const look = async (): Promise<void> => {
    const files = await readdir(join(data, folder)).catch((): string[] => [])
    const given = await inOrder(files.filter((name) => name.endsWith('.json')))
    const changes = { held: false }
    for (const file of given) {
      if (files.includes(file.replace(/json$/, 'answer'))) await rm(join(data, folder, file), { force: true })
      // One that cannot be read, done or answered now is tried again.
      else await answer(file, given, changes).catch(() => {})
    }
  }
  const inOrder = async (files: readonly string[]): Promise<readonly string[]> => {
    const at = (file: string): Promise<number> =>
      stat(join(data, folder, file)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      )
    const dated = await Promise.all(files.map(async (file) => ({ file, at: await at(file) })))
    return dated.sort((a, b) => a.at - b.at).map(({ file }) => file)
  }
  let looking: Promise<void> = Promise.resolve()
  const again = (): void => {
    looking = look().then(() => {
      if (!stopped) stopTimer = clock.after(lookEveryMs, again)
    })
  }
  again()
  return async () => {
    stopped = true
    stopTimer()
    await looking
  }
}

const nameOf = (file: string): string => file.replace(/\.json$/, '')
const writeWhole = async (file: string, content: string): Promise<void> => {
  await writeFile(`${file}.new`, content, { mode: 0o600, flush: true })
  await rename(`${file}.new`, file)
}
const readJson = async (file: string): Promise<unknown> => {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch {
    return undefined
  }
}
