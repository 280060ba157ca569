/** What a witness makes of a report that a result is wrong: what it judges, what it refuses, whom that costs, and what it costs itself. */
import { beforeEach, describe, expect, it } from 'vitest'
import {
  createResultDesk,
  evidenceWaitMs,
  executionMsMax,
  finesPerHourMax,
  reportsOpenMax,
  reportsPerMinuteMax,
} from '../../../src/agent/relay-results.ts'
import { checkClaim, encodeEvidence, evidenceBytesMax, evidenceKeyMessage, reportableMs } from '../../../src/contract/evidence.ts'
import type { Body } from '../../../src/contract/messages.ts'
import type { KemKeyPair, Sealer } from '../../../src/contract/sealing.ts'
import { signMessage } from '../../../src/contract/signed.ts'
import { createSealer } from '../../../src/crypto/sealing.ts'
import type { Signer } from '../../../src/identity/keys.ts'
import { type Finding, signVerdict, type Verdict } from '../../../src/ledger/verdict.ts'
import { type Bytes, concat, sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'
import { createManualClock, type ManualClock } from '../../../src/lib/clock.ts'
import { chunkBytes, type WireBody, type WireMessage } from '../../../src/network/wire.ts'
import { embedding } from '../../../src/tasks/embedding/embedding.ts'
import type { Engine } from '../../../src/tasks/engine.ts'
import { createFakeEngine, fakeClass, fakeVector } from '../../support/fake-engine.ts'
import { createPerson, createWorld, type Person, signerOf, startMs, verifier, type World } from '../ledger/fixtures.ts'
import { settled } from './fixtures.ts'

/** What is being opened: WebCrypto takes its own time. */
const opening = new Set<Promise<unknown>>()
const real = createSealer()
const sealer: Sealer = {
  ...real,
  open: (request) => {
    const opened = real.open(request)
    opening.add(opened)
    return opened
  },
}
const hash = (text: string): Bytes => sha256(utf8(text))
let world: World
let clock: ManualClock
let ana: Person
let ben: Person

interface Work {
  readonly texts?: readonly string[]
  /** Whose vectors the worker signs for: '' is right. */
  readonly lie?: string
  readonly resultClass?: string
  readonly requester?: Person
  readonly agreedBy?: Signer
  readonly resultBy?: Signer
  readonly result?: Partial<Body<'result'>>
  readonly output?: Bytes
}
/** One contract between two, carried to its end. */
const work = async ({ texts = ['one', 'two'], lie = 'lie', resultClass = fakeClass, requester = ana, ...other }: Work = {}) => {
  const payload = concat(hash('salt'), embedding.encodePayload({ model: 'mini', texts }))
  const vectors = Float32Array.from(texts.flatMap((text) => [...fakeVector(text, lie)]))
  const output = other.output ?? embedding.encodeOutput({ dimension: 4, vectors, truncated: [] })
  const [swarm, commitment] = [world.rules.swarm, sha256(payload)]
  const terms = {
    sow: hash('sow'),
    quote: hash('quote'),
    commitment,
    price: 1,
    units: 100,
    deadline: startMs + 60_000,
    kem: hash('kem'),
    resultClass,
  }
  const agreement = await signMessage(other.agreedBy ?? requester.device, {
    ...{ kind: 'agreement', swarm, to: ben.device.publicKey, expires: startMs + 60_000, body: terms },
  })
  const body = { agreement: agreement.id, outputHash: sha256(output), bytes: output.length, resultClass, busyMs: 1, ...other.result }
  const result = await signMessage(other.resultBy ?? ben.device, {
    ...{ kind: 'result', swarm, to: requester.device.publicKey, expires: startMs + 20 * 60_000, body },
  })
  return { id: agreement.id, agreement: agreement.bytes, result: result.bytes, evidence: { payload, output } }
}
type Worked = Awaited<ReturnType<typeof work>>

/** The desk of one witness that knows everyone, unless it is told otherwise. */
const openDesk = (
  options: {
    engine?: Engine | null
    strangers?: readonly Person[]
    verdicts?: readonly Verdict[]
    more?: readonly Person[]
    unsigned?: boolean
  } = {},
) => {
  const blamed: string[] = []
  const found: Finding[] = []
  const sent: WireMessage[] = []
  const engine = options.engine === undefined ? createFakeEngine({ clock, msPerText: 0 }) : options.engine
  let done = 0
  const counted = engine && { ...engine, embed: (request: Parameters<Engine['embed']>[0]) => (done++, engine.embed(request)) }
  const peers = [ana, ben, ...(options.more ?? [])]
  const desk = createResultDesk({
    ...{ clock, verifier, rules: world.rules, signer: world.witnesses[0]! },
    network: {
      peer: (id: string) => {
        const person = peers.find(({ device }) => toHex(device.publicKey) === id)
        return person && { id, device: person.device.publicKey, root: person.root.publicKey }
      },
      send: async (_: string, message: WireMessage) => (sent.push(message), { ok: true, value: undefined }),
      blame: (_: string, why: string) => blamed.push(why),
    } as unknown as Parameters<typeof createResultDesk>[0]['network'],
    replica: {
      account: async (key: Bytes) =>
        options.strangers?.some(({ device }) => device.publicKey === key || toHex(device.publicKey) === toHex(key)) ? undefined : {},
      verdicts: { verdicts: async () => options.verdicts ?? [] },
    } as unknown as Parameters<typeof createResultDesk>[0]['replica'],
    reexecution: counted ? { engine: counted, sealer } : undefined,
    found: async (finding) => options.unsigned !== true && found.push(finding) > 0,
  })
  const report = async (
    { agreement, result }: Pick<Worked, 'agreement' | 'result'>,
    kem: KemKeyPair,
    by = ana,
  ): Promise<WireBody<'evidence?'> | undefined> => {
    sent.length = 0
    await desk.onWrongResult(toHex(by.device.publicKey), { agreement, result, kem: kem.publicKey })
    const [answer] = sent
    return answer?.[0] === 'evidence?' ? answer[1] : undefined
  }
  const show = async ({ id, evidence }: Pick<Worked, 'id' | 'evidence'>, kem: KemKeyPair, to: Bytes, by = ana): Promise<void> => {
    const sealed = await sealer.seal({
      ...{ agreement: id, direction: 0, to, ownPrivate: kem.privateKey, chunkBytes },
      plaintext: encodeEvidence(evidence)!,
    })
    if (!sealed.ok) throw new Error('not sealed')
    const { enc, chunks } = sealed.value
    chunks.forEach((data, index) => {
      desk.onEvidence(toHex(by.device.publicKey), {
        agreement: id,
        index,
        last: index === chunks.length - 1,
        enc: index === 0 ? enc : null,
        data,
      })
    })
    await quiet()
  }
  return {
    ...{ desk, blamed, found, report, show },
    executions: () => done,
    /** From the report to the judgement. */
    all: async (worked: Worked, by = ana): Promise<WireBody<'evidence?'> | undefined> => {
      const kem = await sealer.generateKeyPair()
      const asked = await report(worked, kem, by)
      if (asked?.key) await show(worked, kem, asked.key.kem, by)
      return asked
    },
  }
}
const quiet = async (): Promise<void> => {
  for (let i = 0; i < 30; i++) {
    await settled()
    await clock.advance(0)
    await Promise.all(opening)
  }
}

beforeEach(async () => {
  world = await createWorld(4)
  clock = createManualClock(startMs)
  ;[ana, ben] = [await createPerson('ana'), await createPerson('ben')]
})

describe('a witness that is shown a wrong result', () => {
  it('does the work again and finds against the worker, for this agreement, once', async () => {
    const { all, found, blamed, executions } = openDesk()
    const worked = await work()
    const asked = await all(worked)
    expect(found).toEqual([{ target: ben.device.publicKey, reason: 'InvalidResult', offence: worked.id }])
    // The key that it is sealed to is the witness's own word.
    const { witness, kem, signature } = asked!.key!
    expect(await verifier.verify(signature, evidenceKeyMessage(world.rules.swarm, worked.id, kem), witness)).toBe(true)
    expect(witness).toEqual(world.witnesses[0]!.publicKey)
    expect(await all(worked)).toEqual({ agreement: worked.id, key: null })
    expect([found.length, blamed, executions()]).toEqual([1, [], 1])
  })

  it('a result of no form is wrong as well', async () => {
    const { all, found } = openDesk()
    await all(await work({ output: utf8('noise') }))
    expect(found.length).toBe(1)
  })

  it('evidence in many chunks is judged as one in one', async () => {
    const { all, found } = openDesk()
    await all(await work({ texts: [0, 1, 2, 3].map((i) => `${i}${'x'.repeat(60_000)}`) }))
    expect(found.length).toBe(1)
  })

  it('the worker was right: the reporter pays, also when it says it again, and the work is not done again', async () => {
    const { all, found, blamed, executions } = openDesk()
    const worked = await work({ lie: '' })
    await all(worked)
    expect(await all(worked)).toBeUndefined()
    expect([found, blamed, executions()]).toEqual([[], ['wrong-result: it is right', 'wrong-result: it is right'], 1])
  })
})

describe('a report that is no proof costs its sender score, and no work is done for it', () => {
  const refused: Readonly<Record<string, readonly [why: string, work: () => Promise<Worked>]>> = {
    'an agreement that the requester has not signed': ['signature', () => work({ agreedBy: forger(ana) })],
    'a result that the worker has not signed': ['signature', () => work({ resultBy: forger(ben) })],
    'a result of somebody else': ['pair', () => work({ resultBy: signerOf('another') })],
    'a result under another agreement': ['pair', () => work({ result: { agreement: hash('another') } })],
    'a result of another class than agreed on': ['pair', () => work({ result: { resultClass: 'other/q8/wasm/test' } })],
    'a class without an exact comparator': ['inexact', () => work({ resultClass: 'fake/f32/webgpu/test' })],
    'what is no message': ['malformed', async () => ({ ...(await work()), result: utf8('noise') })],
    'a message of another kind': ['pair', async () => ((one) => ({ ...one, result: one.agreement }))(await work())],
  }
  it.each(Object.keys(refused))('%s', async (name) => {
    const { all, found, blamed, executions } = openDesk()
    const [why, make] = refused[name]!
    expect(await all(await make())).toBeUndefined()
    expect([found, blamed, executions()]).toEqual([[], [`wrong-result: ${why}`], 0])
  })

  it('by another than its requester', async () => {
    const { all, blamed } = openDesk()
    expect(await all(await work(), ben)).toBeUndefined()
    expect(blamed).toEqual(['wrong-result: of another requester'])
  })

  it('another payload, another output, what is sealed with another key or too large', async () => {
    const { report, show, found, blamed, executions, desk } = openDesk()
    const worked = await work()
    const { payload, output } = worked.evidence
    const kem = await sealer.generateKeyPair()
    const next = async (): Promise<Bytes> => {
      await clock.advance(60_000)
      return (await report(worked, kem))!.key!.kem
    }
    await show({ ...worked, evidence: { payload: concat(payload, utf8('!')), output } }, kem, await next())
    await show({ ...worked, evidence: { payload, output: utf8('another') } }, kem, await next())
    await show(worked, await sealer.generateKeyPair(), await next())
    await next()
    const data = new Uint8Array(chunkBytes)
    for (let index = 0; index * chunkBytes <= evidenceBytesMax + chunkBytes; index++)
      desk.onEvidence(toHex(ana.device.publicKey), { agreement: worked.id, index, last: false, enc: null, data })
    expect(blamed).toEqual(['evidence: payload', 'evidence: output', 'evidence: damaged', 'evidence: too large'])
    expect([found, executions()]).toEqual([[], 0])
  })
})

describe('a witness abstains, at nobody’s cost', () => {
  it.each([
    ['without an engine', () => ({ engine: null })],
    [
      'without the class',
      () => ({ engine: { ...createFakeEngine({ clock }), classes: () => [{ model: 'mini', resultClass: 'other/q8/wasm/test' }] } }),
    ],
    ['where the worker has no account', () => ({ strangers: [ben] })],
    ['where the requester has none', () => ({ strangers: [ana] })],
  ] as const)('%s', async (_, options) => {
    const { all, found, blamed, executions } = openDesk(options())
    const worked = await work()
    expect(await all(worked)).toEqual({ agreement: worked.id, key: null })
    expect([found, blamed, executions()]).toEqual([[], [], 0])
  })

  it('where there is a verdict already', async () => {
    const worked = await work()
    const finding: Finding = { target: ben.device.publicKey, reason: 'InvalidResult', offence: worked.id }
    const { all } = openDesk({ verdicts: [await signVerdict(world.witnesses[1]!, world.rules.swarm, finding)] })
    expect(await all(worked)).toEqual({ agreement: worked.id, key: null })
  })

  it('where its own engine answers in another class by then, fails, or does not end', async () => {
    const fake = createFakeEngine({ clock, msPerText: 0 })
    const other: Engine['embed'] = async (request) => {
      const done = await fake.embed(request)
      return done.ok ? { ok: true, value: { ...done.value, resultClass: 'other/q8/wasm/test' } } : done
    }
    const fails: Engine['embed'] = async () => ({ ok: false, error: { type: 'out-of-memory' } })
    for (const embed of [other, fails]) {
      const { all, found, blamed, executions } = openDesk({ engine: { ...fake, embed } })
      expect((await all(await work()))!.key).not.toBeNull()
      expect([found, blamed, executions()]).toEqual([[], [], 1])
    }
    const waits: Engine['embed'] = ({ signal }) =>
      new Promise((resolve) => signal!.addEventListener('abort', () => resolve({ ok: false, error: { type: 'aborted' } })))
    const { all, found, blamed } = openDesk({ engine: { ...fake, embed: waits } })
    await all(await work())
    expect(await all(await work({ texts: ['another'] }))).toBeUndefined()
    await clock.advance(executionMsMax)
    await quiet()
    expect((await all(await work({ texts: ['a third'] })))!.key).not.toBeNull()
    expect([found, blamed]).toEqual([[], []])
  })

  it('from a result of long ago; how long its own message was good is nothing to it', async () => {
    const { all, blamed } = openDesk()
    const worked = await work()
    await clock.advance(30 * 60_000)
    expect((await checkClaim(verifier, world.rules.swarm, clock.now(), worked)).ok).toBe(true)
    await clock.advance(reportableMs)
    expect([await all(worked), blamed]).toEqual([undefined, []])
    expect(await checkClaim(verifier, world.rules.swarm, clock.now(), worked)).toEqual({ ok: false, error: 'expired' })
  })
})

describe('what a witness bears', () => {
  it('the same key while it waits for evidence; when that does not come, the place is free again', async () => {
    const { report } = openDesk()
    const [one, other, kem] = [await work(), await work({ texts: ['other'] }), await sealer.generateKeyPair()]
    const asked = await report(one, kem)
    expect(await report(one, kem)).toEqual(asked)
    expect(await report(other, kem)).toBeUndefined()
    await clock.advance(evidenceWaitMs)
    expect((await report(other, kem))!.key).not.toBeNull()
  })

  it('so many reports a minute of one identity, so many at once of all, so many an hour against one worker', async () => {
    const kem = await sealer.generateKeyPair()
    const many = await Promise.all(Array.from({ length: 40 }, (_, i) => createPerson(`many ${i}`)))
    const { report, all, found, blamed } = openDesk({ more: many })
    for (let i = 0; i <= reportsPerMinuteMax; i++) await all(await work({ texts: [`${i}`] }))
    expect(found.length).toBe(reportsPerMinuteMax)
    let open = 0
    for (const requester of many.slice(0, reportsOpenMax + 2))
      if (await report(await work({ requester, texts: ['open'] }), kem, requester)) open++
    expect(open).toBe(reportsOpenMax)
    // Nothing of what they only said is counted against the worker.
    await clock.advance(evidenceWaitMs)
    expect(blamed.length).toBe(reportsOpenMax)
    for (const requester of many.slice(reportsOpenMax + 2)) await all(await work({ requester, texts: ['more'] }), requester)
    expect(found.length).toBe(finesPerHourMax)
  })

  it('the places of evidence that comes in parts, while it comes; who leaves without it has kept one for nothing', async () => {
    const { report, desk, blamed } = openDesk()
    const [worked, kem] = [await work(), await sealer.generateKeyPair()]
    const part = (index: number) => ({
      agreement: worked.id,
      index,
      last: false,
      enc: index === 0 ? hash('enc') : null,
      data: hash('part'),
    })
    await report(worked, kem)
    for (let index = 0; index < 3; index++) {
      await clock.advance(evidenceWaitMs - 1)
      desk.onEvidence(toHex(ana.device.publicKey), part(index))
    }
    expect(blamed).toEqual([])
    desk.onLeft(toHex(ana.device.publicKey))
    expect(blamed).toEqual(['evidence: it has not come'])
  })

  it('what it could not sign is shown to it again', async () => {
    const options = { unsigned: true }
    const { all, found, executions } = openDesk(options)
    const worked = await work()
    await all(worked)
    options.unsigned = false
    expect((await all(worked))!.key).not.toBeNull()
    expect([found.length, executions()]).toEqual([1, 2])
  })

  it('nothing more once it is closed', async () => {
    const { report, show, desk, found } = openDesk()
    const [worked, kem] = [await work(), await sealer.generateKeyPair()]
    const asked = await report(worked, kem)
    desk.close()
    await show(worked, kem, asked!.key!.kem)
    expect(found).toEqual([])
  })
})

/** Signs in another's name. */
const forger = ({ device }: Person): Signer => ({ publicKey: device.publicKey, sign: signerOf('forger').sign })
