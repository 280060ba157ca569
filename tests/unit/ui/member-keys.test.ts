import { expect, test } from 'vitest'
import { keysOf } from '../../../src/ui/swarm/member-keys.ts'

test('a member is named by its identity and all its devices, each once: a key that stands for itself as well', () => {
  expect(keysOf({ identity: 'aa', accounts: [{ id: 'bb' }, { id: 'cc' }] })).toEqual(['aa', 'bb', 'cc'])
  expect(keysOf({ identity: 'aa', accounts: [{ id: 'aa' }] })).toEqual(['aa'])
})
