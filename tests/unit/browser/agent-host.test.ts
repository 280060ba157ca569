import { expect, test } from 'vitest'
import { createInPageHost } from '../../../src/browser/extension/agent-host.ts'

const setUp = () => {
  const log: string[] = []
  const host = createInPageHost(async () => {
    log.push('start')
    return async () => {
      await Promise.resolve()
      log.push('stop')
    }
  })
  return { host, log }
}

test('any number of calls start it once', async () => {
  const { host, log } = setUp()
  await Promise.all([host.ensure(), host.ensure(), host.ensure()])
  await host.ensure()
  expect(log).toEqual(['start'])
})

test('stop and ensure keep their order, however fast they come', async () => {
  const { host, log } = setUp()
  await Promise.all([host.ensure(), host.stop(), host.ensure(), host.stop()])
  expect(log).toEqual(['start', 'stop', 'start', 'stop'])
})

test('stopping what does not run is nothing', async () => {
  const { host, log } = setUp()
  await host.stop()
  expect(log).toEqual([])
})

test('a failed start is tried again', async () => {
  let attempts = 0
  const host = createInPageHost(async () => {
    if (attempts++ === 0) throw new Error('not yet')
    return async () => {}
  })
  await expect(host.ensure()).rejects.toThrow('not yet')
  await host.ensure()
  expect(attempts).toBe(2)
})
