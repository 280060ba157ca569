/**
 * The vault over a port that may be cut at any message: the agent opens it, the background serves it and may die and come
 * back (on Chrome its service worker is stopped at will).
 *
 * | direction          | message                          | meaning                                          |
 * | ------------------ | -------------------------------- | ------------------------------------------------ |
 * | agent → background | {id, call, args}                 | do this; the same id asks again, never twice      |
 * | background → agent | {re, answer} or {re, error}      | done, or why not                                  |
 * | background → agent | {status}                         | settings, swarm or consent, first thing on a port |
 *
 * `args`, `answer`, `error` and `status` are texts (plain.ts). What has no answer when the port is cut is sent again under
 * its id on the next one. A cut port is opened again only when there is something to ask (or on `wake`), so that an idle
 * service worker may sleep.
 */
import * as v from 'valibot'
import type { Clock } from '../lib/clock.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { parse, text } from '../lib/schema.ts'
import type { Vault, VaultCall, VaultCalls, VaultError, VaultStatus } from '../vault/vault.ts'
import { fromText, toText } from './plain.ts'

/** What both browsers' runtime ports can be wrapped as. */
export interface PortLike {
  /** May throw once the port is cut. */
  readonly postMessage: (message: unknown) => void
  readonly onMessage: (listener: (message: unknown) => void) => void
  readonly onDisconnect: (listener: () => void) => void
  readonly disconnect: () => void
}

export interface RemoteVault extends Vault {
  /** Opens the port if it is cut: the background says so when it has something to tell. */
  readonly wake: () => void
  readonly close: () => void
}

/** How long an answer is waited for, reconnections included; then `unavailable`. */
export const answerWaitMsMax = 60_000
export const requestsMax = 1_000
/** Between two attempts to open the port, doubled up to the second. */
export const reconnectMsMin = 50
export const reconnectMsMax = 5_000
/** A chain segment of 64 entries of 32 KiB, as base64url, and room. */
const textCharsMax = 4 << 20

const requestSchema = v.strictObject({ id: text(200), call: text(40), args: text(textCharsMax) })
const answerSchema = v.union([
  v.strictObject({ re: text(200), answer: text(textCharsMax) }),
  v.strictObject({ re: text(200), error: text(textCharsMax) }),
  v.strictObject({ status: text(textCharsMax) }),
])

type AnyAnswer = Result<VaultCalls[VaultCall]['answer'], VaultError>
interface Request {
  readonly message: v.InferOutput<typeof requestSchema>
  readonly answer: Promise<AnyAnswer>
  readonly settle: (answer: AnyAnswer) => void
}

export const createRemoteVault = (connect: () => PortLike, clock: Clock): RemoteVault => {
  const requests = new Map<string, Request>()
  const listeners = new Set<(status: VaultStatus) => void>()
  let port: PortLike | undefined
  let attempts = 0
  let cancelRetry: (() => void) | undefined
  let lastStatus = ''
  let closed = false

  const open = (): void => {
    cancelRetry?.()
    cancelRetry = undefined
    if (port || closed) return
    let opened: PortLike
    try {
      opened = connect()
    } catch {
      return retryIfAsked()
    }
    port = opened
    opened.onDisconnect(() => {
      if (port !== opened) return
      port = undefined
      retryIfAsked()
    })
    opened.onMessage((message) => {
      if (port === opened) receive(message)
    })
    for (const { message } of requests.values()) post(message)
  }

  const retryIfAsked = (): void => {
    if (closed || cancelRetry || requests.size === 0) return
    cancelRetry = clock.after(Math.min(reconnectMsMax, reconnectMsMin * 2 ** attempts++), open)
  }

  const post = (message: unknown): void => {
    try {
      port?.postMessage(message)
    } catch {
      // Cut; onDisconnect says so and the request is sent again.
    }
  }

  const receive = (message: unknown): void => {
    const parsed = parse(answerSchema, message)
    if (!parsed.ok) return
    attempts = 0
    if ('status' in parsed.value) {
      const status = fromText(parsed.value.status)
      if (!status.ok || parsed.value.status === lastStatus) return
      lastStatus = parsed.value.status
      for (const listener of listeners) listener(status.value as VaultStatus)
      return
    }
    const request = requests.get(parsed.value.re)
    const content = fromText('answer' in parsed.value ? parsed.value.answer : parsed.value.error)
    if (request && content.ok)
      request.settle('answer' in parsed.value ? ok(content.value as VaultCalls[VaultCall]['answer']) : err(content.value as VaultError))
  }

  return {
    call: <C extends VaultCall>(id: string, call: C, args: VaultCalls[C]['args']) => {
      const known = requests.get(id)
      if (known) return known.answer as Promise<Result<VaultCalls[C]['answer'], VaultError>>
      if (closed || requests.size >= requestsMax) return Promise.resolve(err({ type: 'unavailable' }))
      let settle: (answer: AnyAnswer) => void = () => {}
      const answer = new Promise<AnyAnswer>((resolve) => {
        const cancel = clock.after(answerWaitMsMax, () => settle(err({ type: 'unavailable' })))
        settle = (value) => {
          cancel()
          requests.delete(id)
          resolve(value)
        }
      })
      const request: Request = { message: { id, call, args: toText(args) }, answer, settle: (value) => settle(value) }
      requests.set(id, request)
      if (port) post(request.message)
      else if (!cancelRetry) open()
      return answer as Promise<Result<VaultCalls[C]['answer'], VaultError>>
    },
    onChange: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    wake: open,
    close: () => {
      closed = true
      cancelRetry?.()
      port?.disconnect()
      port = undefined
      for (const { settle } of [...requests.values()]) settle(err({ type: 'unavailable' }))
    },
  }
}

/**
 * Serves one port; who opened it the shell has checked. Takes a promise, because a waking background must listen before its
 * stores are open: what is posted to a port that nobody listens to is lost. The returned function ends it.
 */
export const serveVault = (opening: Vault | Promise<Vault>, port: PortLike): (() => void) => {
  let open = true
  let unsubscribe = (): void => {}
  const post = (message: v.InferOutput<typeof answerSchema>): void => {
    if (!open) return
    try {
      port.postMessage(message)
    } catch {
      end()
    }
  }
  const end = (): void => {
    open = false
    unsubscribe()
  }

  const answer = async ({ id, call, args }: v.InferOutput<typeof requestSchema>): Promise<void> => {
    const parsed = fromText(args)
    if (!parsed.ok) return post({ re: id, error: toText({ type: 'refused', what: 'malformed arguments' } satisfies VaultError) })
    try {
      // Names and arguments are the vault's to check: it parses every call by schema.
      const result = await (await opening).call(id, call as VaultCall, parsed.value as VaultCalls[VaultCall]['args'])
      post(result.ok ? { re: id, answer: toText(result.value) } : { re: id, error: toText(result.error) })
    } catch (error) {
      post({ re: id, error: toText({ type: 'storage', message: String(error) } satisfies VaultError) })
    }
  }

  const greet = async (): Promise<void> => {
    const vault = await opening
    if (!open) return
    const tell = (status: VaultStatus): void => post({ status: toText(status) })
    unsubscribe = vault.onChange(tell)
    const status = await vault.call('status', 'status', {})
    if (status.ok) tell(status.value)
  }

  port.onDisconnect(end)
  port.onMessage((message) => {
    const request = parse(requestSchema, message)
    if (request.ok) void answer(request.value)
  })
  // A background whose stores do not open answers each call with the reason.
  void greet().catch(() => undefined)
  return () => {
    end()
    port.disconnect()
  }
}
