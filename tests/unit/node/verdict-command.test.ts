/** `edge-net verdict close` beside a relay that runs, and before one is started: processes, as their owner uses them. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { LedgerView } from '../../../src/agent/relay-ledger.ts'
import { portOf, closed, listening } from '../../support/ports.ts'
import { spawnRelay, startedRelay } from '../../support/relay-process.ts'

let data: string
const undo: (() => unknown)[] = []
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'edge-net-verdict-'))
  undo.push(() => rm(data, { recursive: true, force: true }))
})
afterEach(async () => {
  for (const action of undo.splice(0).reverse()) await action()
})

const account = (name: string): string => name.repeat(32)
const close = (...args: string[]) => spawnRelay(['verdict', 'close', ...args, '--data', data])

test('what the owner finds is signed by the relay that runs, and by one that is started later', async () => {
  expect(await close(account('ab'), '--reason', 'malicious')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no relay') as string,
  })
  const probe = await listening()
  const port = portOf(probe)
  await closed(probe)
  const start = async () => {
    const relay = await startedRelay(['relay', '--data', data, '--port', String(port)])
    undo.push(() => relay.end('SIGKILL'))
    return relay
  }
  const verdicts = async (count: number): Promise<LedgerView['verdicts']> => {
    for (;;) {
      const { verdicts: known } = (await (await fetch(`http://127.0.0.1:${port}/ledger.json`)).json()) as LedgerView
      if (known.length >= count) return known
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  const relay = await start()
  expect(await close(account('ab'), '--reason', 'malicious')).toMatchObject({ code: 0 })
  expect(await verdicts(1)).toEqual([{ target: account('ab'), reason: 'Malicious', costMicro: 0 }])

  await relay.end('SIGKILL')
  expect(await close(account('cd'), '--reason', 'sybil-attack')).toMatchObject({ code: 0 })
  await start()
  expect(await verdicts(2)).toEqual([
    { target: account('ab'), reason: 'Malicious', costMicro: 0 },
    { target: account('cd'), reason: 'SybilAttack', costMicro: 0 },
  ])
  for (let left = ['']; left.length > 0;) left = await readdir(join(data, 'orders'))
})
