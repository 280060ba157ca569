/**
 * Drives `hello` over a fresh link. Nothing but the handshake passes before both ends have verified: what a quicker peer
 * sends after its proof waits in a short queue until ours is checked, anything earlier is a fault.
 */
import type { HelloFields } from '../identity/hello-message.ts'
import type { DeviceCertificate, Signature, Verifier } from '../identity/keys.ts'
import { type Bytes, compareBytes } from '../lib/bytes.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { encodeFrame, parseFrameAs } from './frame.ts'
import {
  checkHello,
  checkProof,
  type Hello,
  type HelloContext,
  type HelloError,
  type HelloReason,
  helloSchemas,
  makeHello,
  makeProof,
  ownFields,
  type Proof,
} from './hello.ts'
import type { Binding, Link } from './ports.ts'

export const handshakeTimeoutMs = 10_000
/** A peer that verified us first may begin to talk; more than this before we are done is no conversation. */
const earlyFramesMax = 64

export interface HandshakeDeps {
  readonly clock: Clock
  readonly random: Random
  readonly verifier: Verifier
  readonly swarm: Bytes
  readonly secret: Bytes | null
  readonly role: 'node' | 'relay'
  readonly device: DeviceCertificate
  /** Undefined where the keeper of the key would not or could not sign. */
  readonly signHello: (fields: HelloFields) => Promise<Signature | undefined>
  /** A reason not to talk to this peer at all. */
  readonly admit: (theirs: Hello) => HelloReason | undefined
}

export interface BoundLink {
  readonly link: Link
  readonly theirs: Hello
  /** The lower of the two nonces: the same bytes on both ends, different for every link. */
  readonly mark: Bytes
  /** Hands over frames and the end of the link, those that came meanwhile first. Called once. */
  readonly open: (handlers: Parameters<Link['open']>[0]) => void
}

/** Takes the link over at once; on failure the link is closed when this resolves. */
export const shakeHands = (
  link: Link,
  binding: Binding,
  expected: Bytes | undefined,
  deps: HandshakeDeps,
): Promise<Result<BoundLink, HelloError>> =>
  new Promise((resolve) => {
    const context: HelloContext = { swarm: deps.swarm, secret: deps.secret, binding, ...(expected && { expected }) }
    const own = makeHello(deps.swarm, deps.role, deps.device, deps.random.bytes(32))
    const early: Bytes[] = []
    let theirs: Hello | undefined
    let proof: Proof | undefined
    let proofSent = false
    let over = false
    let closed: string | undefined
    let bound: Parameters<Link['open']>[0] | undefined

    const say = (message: readonly [type: keyof typeof helloSchemas, body: unknown]): void => {
      const frame = encodeFrame(message)
      if (frame.ok) link.send(frame.value)
    }
    const finish = (result: Result<BoundLink, HelloError>): void => {
      if (over) return
      over = true
      stopTimer()
      resolve(result)
    }
    const fail = (reason: HelloReason, by: 'us' | 'peer' = 'us'): void => {
      if (over) return
      if (by === 'us' && reason !== 'closed') say(['bye', { reason }])
      finish(err({ type: 'hello', reason, by }))
      link.close(reason)
    }
    const stopTimer = deps.clock.after(handshakeTimeoutMs, () => fail('timeout'))

    const onHello = async (hello: Hello): Promise<void> => {
      theirs = hello
      const checked = checkHello(own, hello, context)
      if (!checked.ok) return fail(checked.error)
      const refusal = deps.admit(hello)
      if (refusal) return fail(refusal)
      const signature = await deps.signHello(ownFields(own, hello, context))
      if (over) return
      if (!signature) return fail('cannot-sign')
      say(['proof', makeProof(own, hello, context, signature)])
      proofSent = true
      await judge()
    }
    /** Ours is sent before theirs is judged, so that a wrong secret shows on both ends. */
    const judge = async (): Promise<void> => {
      if (over || !theirs || !proof || !proofSent) return
      const checked = await checkProof(deps.verifier, own, theirs, proof, context)
      if (!checked.ok) return fail(checked.error)
      finish(ok({ link, theirs, mark: compareBytes(own.nonce, theirs.nonce) < 0 ? own.nonce : theirs.nonce, open }))
    }
    const open: BoundLink['open'] = (handlers) => {
      bound = handlers
      for (const frame of early.splice(0)) handlers.onFrame(frame)
      if (closed !== undefined) handlers.onClose(closed)
    }

    link.open({
      onFrame: (frame) => {
        if (bound) return bound.onFrame(frame)
        if (proof) {
          // A `bye` may follow the proof: the peer found a fault in ours.
          const last = over ? undefined : parseFrameAs(helloSchemas, frame)
          if (last?.ok && !('unknown' in last.value) && last.value[0] === 'bye')
            return fail((last.value[1] as { reason: HelloReason }).reason, 'peer')
          if (early.push(frame) > earlyFramesMax) fail('malformed')
          return
        }
        if (over) return
        const parsed = parseFrameAs(helloSchemas, frame)
        if (!parsed.ok || 'unknown' in parsed.value) return fail('malformed')
        const [type, body] = parsed.value
        if (type === 'bye') return fail((body as { reason: HelloReason }).reason, 'peer')
        if (type === 'hello' && !theirs) return void onHello(body as Hello)
        if (type !== 'proof' || !theirs) return fail('malformed')
        proof = body as Proof
        void judge()
      },
      onClose: (reason) => {
        closed = reason
        if (bound) return bound.onClose(reason)
        fail('closed', 'peer')
      },
    })
    say(['hello', own])
  })
