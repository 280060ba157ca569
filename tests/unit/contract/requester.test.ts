import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  absenceMsMax,
  countersignWaitMsMax,
  deadlineMsMax,
  deadlineMsMin,
  extraHiresMax,
  prepayWaitMsMax,
  quoteWindowMs,
  sowLifeMs,
  workMsMax,
} from '../../../src/contract/limits.ts'
import {
  finished,
  newTask,
  onEvent,
  type Quote,
  quorumOf,
  type Task,
  type TaskAction,
  type TaskEvent,
} from '../../../src/contract/requester.ts'
import { due } from '../../../src/contract/requester-due.ts'
import { type Bytes, sha256, toHex, utf8 } from '../../../src/lib/bytes.ts'

const hash = (text: string): Bytes => sha256(utf8(text))
const quoteOf = (worker: string, receivedMs = 0, root = worker, etaMs = 10): Quote => ({
  id: hash(`quote ${worker}`),
  worker,
  receivedMs,
  body: {
    sow: hash('sow'),
    price: 1_000_000,
    stepMicro: 50_000,
    etaMs,
    classes: ['m/q8/wasm/x'],
    kem: hash(`kem ${worker}`),
    root: hash(root),
    certificate: new Uint8Array(64),
  },
})
const agreementOf = (worker: string): Bytes => hash(`agreement ${worker}`)

type Pick = (quotes: readonly Quote[], count: number) => readonly Quote[]
const takeFirst: Pick = (quotes, count) => quotes.slice(0, count)

/** Drives one task as the agent does: does every action that is due, answers of the workers given by the test. */
const drive = (redundancy: number, { nodesHere = 0, pick = takeFirst }: { readonly nodesHere?: number; readonly pick?: Pick } = {}) => {
  let now = 1_000_000
  const answers = new Map<string, string>()
  const absent = new Map<string, number>()
  const rewards: { worker: string; accepted: boolean }[] = []
  const cancelled: string[] = []
  const promised: { worker: string; total: number }[] = []
  const context = () => ({
    now,
    absentSince: (w: string) => absent.get(w),
    agree: (a: string, b: string) => answers.get(a) === answers.get(b),
    nodesHere,
    places: () => ({ compare: () => 0, together: () => false }),
  })
  let task: Task = newTask(
    {
      id: 't',
      job: 'j',
      index: 0,
      texts: 5,
      sowBody: { type: 'embedding', model: 'mini', size: 64, units: 250_000, maxPrice: 1_000_000, redundancy, priority: 'normal' },
    },
    now,
  )
  const apply = (event: TaskEvent): void => {
    task = onEvent(task, event, context())
    for (let i = 0; i < 100; i++) {
      const [action] = actions().filter((a) => a.do !== 'announce' || now - task.announcedMs > 0)
      if (!action) return
      act(action)
    }
    throw new Error('acts for ever')
  }
  const actions = (): readonly TaskAction[] => due(task, context(), pick)
  const worker = (agreement: Bytes): string => task.replicas.find((r) => r.agreement && toHex(r.agreement.id) === toHex(agreement))!.worker
  const act = (action: TaskAction): void => {
    const report = (event: TaskEvent): void => void (task = onEvent(task, event, context()))
    if (action.do === 'sow') report({ type: 'sown', id: hash('sow'), message: hash('m'), expires: now + 1e6 })
    else if (action.do === 'announce') report({ type: 'announced' })
    else if (action.do === 'hire')
      report({
        type: 'hired',
        quote: action.quote,
        kemPrivate: hash('p'),
        kemPublic: hash('q'),
        salt: hash('s'),
        commitment: hash('c'),
        resultClass: 'm/q8/wasm/x',
      })
    else if (action.do === 'sign-agreement')
      report({ type: 'agreement-signed', worker: action.worker, id: agreementOf(action.worker), message: hash('a') })
    else if (action.do === 'propose') report({ type: 'sent', worker: action.worker })
    else if (action.do === 'send-payload') report({ type: 'payload-sent', agreement: action.agreement })
    else if (action.do === 'reward') {
      rewards.push({ worker: worker(action.agreement), accepted: action.accepted })
      report({ type: 'rewarded', agreement: action.agreement })
      report({ type: 'receipt', agreement: action.agreement })
    } else if (action.do === 'cancel-replica') {
      cancelled.push(worker(action.agreement))
      task = { ...task, replicas: task.replicas.map((r) => (r.worker === worker(action.agreement) ? { ...r, settledMs: now } : r)) }
    } else if (action.do === 'prepay') {
      promised.push({ worker: worker(action.agreement), total: action.total })
      report({ type: 'prepaid', agreement: action.agreement, total: action.total })
    } else if (action.do === 'release') report({ type: 'released' })
  }
  const agreementKey = (w: string): string => toHex(agreementOf(w))
  return {
    task: () => task,
    rewards,
    cancelled,
    promised,
    askPrepay: (w: string, total: number) => apply({ type: 'prepay-asked', agreement: agreementOf(w), total }),
    start: () => apply({ type: 'tick' }),
    quote: (w: string, root?: string, etaMs?: number) => apply({ type: 'quote', quote: quoteOf(w, now, root, etaMs) }),
    progress: (w: string, done: number) => apply({ type: 'progress', agreement: agreementOf(w), done }),
    countersign: (w: string) => apply({ type: 'countersigned', agreement: agreementOf(w) }),
    refuse: (w: string) => apply({ type: 'refused', agreement: agreementOf(w), reason: 'no' }),
    deliver: (w: string, answer: string) => {
      answers.set(agreementKey(w), answer)
      apply({ type: 'delivered', agreement: agreementOf(w), outputHash: hash(answer), result: hash(w), busyMs: 1 })
    },
    leave: (w: string) => void absent.set(w, now),
    cancel: () => apply({ type: 'cancel' }),
    wait: (ms: number) => {
      now += ms
      apply({ type: 'tick' })
    },
  }
}

const hireThree = (run: ReturnType<typeof drive>): void => {
  run.start()
  for (const w of ['a', 'b', 'c']) run.quote(w)
  run.wait(300)
  for (const w of ['a', 'b', 'c']) run.countersign(w)
}

describe('paying ahead', () => {
  test('who asks is promised its first total once, waited for longer, and works as any other', () => {
    const run = drive(1)
    run.start()
    run.quote('a')
    run.wait(300)
    run.askPrepay('a', 5)
    run.askPrepay('a', 5)
    run.askPrepay('a', 3)
    run.askPrepay('a', 7)
    // Each higher total would be another entry of ours, made at a worker's whim.
    expect(run.promised).toEqual([{ worker: 'a', total: 5 }])
    run.wait(countersignWaitMsMax + 1)
    expect(run.task().replicas.map((r) => r.phase)).toEqual(['proposed'])
    run.countersign('a')
    run.deliver('a', 'x')
    expect(run.task().phase).toBe('verified')
    // What is said after the work has begun changes nothing.
    run.askPrepay('a', 9)
    expect(run.promised).toHaveLength(1)
  })

  test('who is not paid in time is let go as one that refused, and another is asked', () => {
    const run = drive(1)
    run.start()
    for (const w of ['a', 'b']) run.quote(w)
    run.wait(300)
    const [first] = run.task().replicas
    run.askPrepay(first!.worker, 5)
    run.wait(prepayWaitMsMax + 1)
    expect(run.task().replicas.map((r) => r.phase)).toEqual(['refused', 'proposed'])
  })
})

describe('redundancy 3', () => {
  test('two that agree win; the third that agrees late is paid too', () => {
    const run = drive(3)
    hireThree(run)
    run.deliver('a', 'x')
    expect(run.task().phase).toBe('working')
    run.deliver('b', 'x')
    expect(run.task().phase).toBe('verified')
    run.deliver('c', 'x')
    expect(run.rewards).toEqual(['a', 'b', 'c'].map((worker) => ({ worker, accepted: true })))
    expect(finished(run.task())).toBe(true)
  })

  test('the one that differs is outvoted, whenever it comes', () => {
    const run = drive(3)
    hireThree(run)
    run.deliver('c', 'wrong')
    run.deliver('a', 'x')
    run.deliver('b', 'x')
    expect(run.rewards).toContainEqual({ worker: 'c', accepted: false })
    expect(run.rewards.filter((r) => r.accepted).map((r) => r.worker)).toEqual(['a', 'b'])
  })

  test('three different answers: one more worker decides', () => {
    const run = drive(3)
    hireThree(run)
    run.deliver('a', 'x')
    run.deliver('b', 'y')
    run.deliver('c', 'z')
    expect(run.task().phase).toBe('working')
    run.quote('d')
    run.wait(300)
    run.countersign('d')
    run.deliver('d', 'y')
    expect(run.task().phase).toBe('verified')
    expect(
      run.rewards
        .filter((r) => r.accepted)
        .map((r) => r.worker)
        .sort(),
    ).toEqual(['b', 'd'])
  })

  test('a worker that vanished costs nothing while two are left, and is told', () => {
    const run = drive(3)
    hireThree(run)
    run.leave('c')
    run.deliver('a', 'x')
    run.wait(absenceMsMax + 1)
    run.deliver('b', 'x')
    expect(run.task().phase).toBe('verified')
    expect(run.cancelled).toContain('c')
    expect(run.rewards.map((r) => r.worker)).toEqual(['a', 'b'])
    expect(finished(run.task())).toBe(true)
  })

  test('two devices of one identity are not two replicas', () => {
    const run = drive(3)
    run.start()
    run.quote('a', 'same')
    run.wait(300)
    run.quote('b', 'same')
    run.wait(300)
    expect(run.task().replicas.map((r) => r.worker)).toEqual(['a'])
  })

  test('cancelling releases everyone and pays nobody', () => {
    const run = drive(3)
    hireThree(run)
    run.deliver('a', 'x')
    run.cancel()
    expect(run.cancelled.sort()).toEqual(['a', 'b', 'c'])
    expect(run.rewards).toEqual([])
    expect(finished(run.task())).toBe(true)
  })

  test('with too few hands it fails after the sow has lived, and pays nobody', () => {
    const run = drive(3)
    run.start()
    run.quote('a')
    run.wait(300)
    run.countersign('a')
    run.wait(sowLifeMs + 1)
    expect(run.task()).toMatchObject({ phase: 'failed', failure: { type: 'too-few-workers', found: 1, needed: 3 } })
    expect(run.rewards).toEqual([])
    expect(finished(run.task())).toBe(true)
  })
})

describe('redundancy 1', () => {
  test('another takes over from one that vanished', () => {
    const run = drive(1)
    run.start()
    run.quote('a')
    run.wait(300)
    run.countersign('a')
    run.leave('a')
    run.wait(absenceMsMax + 1)
    run.quote('b')
    run.wait(300)
    run.countersign('b')
    run.deliver('b', 'x')
    expect(run.task().phase).toBe('verified')
    expect(run.rewards).toEqual([{ worker: 'b', accepted: true }])
  })

  test('another takes over from one that does not countersign, refuses or is late', () => {
    for (const fault of ['silent', 'refuses', 'late'] as const) {
      const run = drive(1)
      run.start()
      run.quote('a')
      run.wait(300)
      if (fault === 'refuses') run.refuse('a')
      if (fault === 'silent') run.wait(countersignWaitMsMax + 1)
      if (fault === 'late') {
        run.countersign('a')
        run.wait(deadlineMsMin + 1)
      }
      run.quote('b')
      run.wait(300)
      expect(
        run.task().replicas.map((r) => r.worker),
        fault,
      ).toEqual(['a', 'b'])
    }
  })
})

describe('whom to hire', () => {
  const takeLast: Pick = (quotes, count) => [...quotes].reverse().slice(0, count)
  const hired = (run: ReturnType<typeof drive>): readonly string[] => run.task().replicas.map((r) => r.worker)

  test('others get a moment after the first quote, then the matcher chooses', () => {
    const run = drive(1, { nodesHere: 3, pick: takeLast })
    run.start()
    run.quote('first')
    expect(hired(run)).toEqual([])
    run.wait(quoteWindowMs - 1)
    expect(hired(run)).toEqual([])
    run.wait(1)
    expect(hired(run)).toEqual(['first'])
  })

  test('it chooses at once from twice as many as are missing, and where all that are linked have quoted', () => {
    const many = drive(1, { nodesHere: 9, pick: takeLast })
    many.start()
    for (const w of ['first', 'second']) many.quote(w)
    expect(hired(many)).toEqual(['second'])

    const few = drive(2, { nodesHere: 2 })
    few.start()
    few.quote('a')
    expect(hired(few)).toEqual([])
    few.quote('b')
    expect(hired(few)).toEqual(['a', 'b'])
  })

  test('who replaces a lost worker is chosen as well', () => {
    const run = drive(1, { nodesHere: 9, pick: takeLast })
    run.start()
    run.quote('a')
    run.wait(quoteWindowMs)
    run.refuse('a')
    run.quote('b')
    expect(hired(run)).toEqual(['a'])
    run.quote('c')
    expect(hired(run)).toEqual(['a', 'c'])
  })

  test('where no node is linked, one that a relay forwards is hired when the moment is over', () => {
    const run = drive(1)
    run.start()
    run.quote('far')
    run.wait(quoteWindowMs)
    expect(hired(run)).toEqual(['far'])
  })
})

test('a worker that quotes a day holds its task for minutes; signed progress prolongs them', () => {
  const run = drive(1)
  run.start()
  run.quote('slow', undefined, 24 * 60 * 60_000)
  run.wait(quoteWindowMs)
  run.countersign('slow')
  run.wait(deadlineMsMax - 30_000)
  run.progress('slow', 1)
  run.wait(deadlineMsMin - 1)
  expect(run.task().replicas.map((r) => r.phase)).toEqual(['agreed'])
  run.wait(2)
  expect(run.task().replicas.map((r) => r.phase)).toEqual(['missing'])
})

test('a worker that says a text a minute for ever is given up after half an hour', () => {
  const run = drive(1)
  run.start()
  run.quote('drip')
  run.wait(quoteWindowMs)
  run.countersign('drip')
  let waitedMs = 0
  for (let done = 1; run.task().replicas[0]!.phase === 'agreed' && done < 1_000; done++) {
    run.progress('drip', done)
    run.wait(deadlineMsMin - 1_000)
    waitedMs += deadlineMsMin - 1_000
  }
  expect(run.task().replicas.map((r) => r.phase)).toEqual(['missing'])
  expect(waitedMs).toBeGreaterThan(workMsMax - deadlineMsMin)
  expect(waitedMs).toBeLessThan(workMsMax + deadlineMsMin)
})

/** Whatever workers do and in whatever order: never more paid than bargained for, none that lost the vote, none on failure. */
test('any course of events ends, and pays agreeing replicas only', () => {
  const step = fc.record({
    what: fc.constantFrom('quote', 'countersign', 'refuse', 'deliver', 'leave', 'wait', 'cancel'),
    worker: fc.constantFrom(...'abcdefgh'),
    answer: fc.constantFrom('x', 'x', 'y'),
    ms: fc.integer({ min: 1, max: 30_000 }),
  })
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 3, 5), fc.array(step, { maxLength: 60 }), (redundancy, steps) => {
      const run = drive(redundancy)
      run.start()
      const said = new Map<string, string>()
      for (const { what, worker, answer, ms } of steps) {
        if (what === 'deliver') {
          if (!said.has(worker)) said.set(worker, answer)
          run.deliver(worker, said.get(worker)!)
        } else if (what === 'wait') run.wait(ms)
        else if (what === 'cancel') {
          if (ms < 1000) run.cancel()
        } else run[what](worker)
      }
      for (let i = 0; i < 12; i++) run.wait(60_000)
      const task = run.task()
      expect(['verified', 'failed', 'cancelled']).toContain(task.phase)
      expect(finished(task)).toBe(true)
      const paid = run.rewards.filter((r) => r.accepted).map((r) => r.worker)
      expect(new Set(paid).size).toBe(paid.length)
      expect(paid.length).toBeLessThanOrEqual(redundancy)
      expect(task.replicas.length).toBeLessThanOrEqual(redundancy + extraHiresMax)
      if (task.phase === 'verified') expect(paid.length).toBeGreaterThanOrEqual(quorumOf(redundancy))
      else expect(paid).toEqual([])
      expect(new Set(paid.map((w) => said.get(w))).size).toBeLessThanOrEqual(1)
      for (const { worker, accepted } of run.rewards) if (!accepted) expect(said.get(worker)).not.toBe(said.get(paid[0]!))
    }),
    { numRuns: 500 },
  )
})
