import { describe, expect, test } from 'vitest'
import { type CommandDeps, createCommands, type VaultControls } from '../../../src/browser/extension/commands.ts'
import { formatLink } from '../../../src/economy/link-codec.ts'
import type { SwarmLink } from '../../../src/economy/link.ts'
import { equalBytes, toHex } from '../../../src/lib/bytes.ts'
import { err, ok } from '../../../src/lib/result.ts'
import type { Settings } from '../../../src/vault/vault.ts'

const key = (byte: number) => new Uint8Array(32).fill(byte)
const link: SwarmLink = {
  swarm: key(1),
  founder: key(2),
  secret: key(3),
  relays: ['ws://127.0.0.1:8787'],
  trackers: ['ws://127.0.0.1:8787'],
  invite: null,
}
const fresh: Settings = {
  consented: false,
  preset: 'standard',
  share: 0.5,
  paused: null,
  hubUrl: 'https://hub.example',
  depositEarnings: true,
}
const presetShares = { gentle: 0.25, standard: 0.5, all: 1 }

const setUp = () => {
  let settings = fresh
  let joined: SwarmLink | null = null
  let words: readonly string[] | null = ['one', 'two']
  const asked: (readonly [what: string, args: unknown])[] = []
  const controls: VaultControls = {
    status: async () => ({
      device: { root: key(8), device: key(9), signature: new Uint8Array(64) },
      settings,
      swarm: joined && { link: joined, policy: null, headChecked: false, takeovers: 0 },
    }),
    changeSettings: async (change) => {
      settings = { ...settings, ...change }
      return ok(undefined)
    },
    joinSwarm: async (swarm) => {
      joined = swarm
      return ok(undefined)
    },
    foundSwarm: async () => ok(undefined),
    addInvite: async () => ok(undefined),
    revokeInvite: async (token) => {
      asked.push(['revokeInvite', token])
      return ok(undefined)
    },
    changeTerms: async (change) => {
      asked.push(['changeTerms', change])
      return ok(undefined)
    },
    setTrackers: async () => ok(undefined),
    leaveSwarm: async () => {
      joined = null
      return ok(undefined)
    },
    left: async () => (joined ? [] : [{ swarm: link.swarm, name: 'mine' }]),
    takeUp: async (id) => {
      if (!equalBytes(id, link.swarm)) return err({ type: 'refused', what: 'not founded and left here' })
      joined = link
      return ok(undefined)
    },
    phraseWords: async () => words,
    confirmPhrase: async () => {
      words = null
      return ok(undefined)
    },
    restore: async () => err({ type: 'phrase', reason: 'checksum' }),
    takeOver: async () => ok(undefined),
    carryOver: async () => ok(undefined),
  }
  const deps: CommandDeps = { vault: async () => controls, erase: async () => {}, presetShares, models: [] }
  const answer = createCommands(deps)
  return { controls, asked, answer, ask: (command: string, args: unknown = {}) => answer({ command, args }) }
}

describe('commands of the extension’s pages', () => {
  test('tell the state in plain data', async () => {
    expect(await setUp().ask('state')).toEqual({
      ok: {
        ...fresh,
        swarm: null,
        left: [{ id: toHex(link.swarm), name: 'mine' }],
        phraseConfirmed: false,
        device: '09'.repeat(32),
        root: '08'.repeat(32),
      },
    })
  })

  test('consent brings the share of the preset', async () => {
    expect(await setUp().ask('consent', { preset: 'all' })).toMatchObject({ ok: { consented: true, preset: 'all', share: 1 } })
  })

  test('settings change what is named and nothing else', async () => {
    const { ask } = setUp()
    expect(await ask('settings', { share: 0.1 })).toMatchObject({ ok: { ...fresh, share: 0.1 } })
    expect(await ask('settings', { paused: 'off' })).toMatchObject({ ok: { ...fresh, share: 0.1, paused: 'off' } })
    expect(await ask('settings', { paused: null })).toMatchObject({ ok: { paused: null } })
  })

  test('join by a good link, leave again', async () => {
    const { ask } = setUp()
    expect(await ask('join', { link: ` ${formatLink(link)}\n` })).toMatchObject({
      ok: { swarm: { id: '01'.repeat(32), relays: link.relays, trackers: link.trackers, founded: null } },
    })
    expect(await ask('leave')).toMatchObject({ ok: { swarm: null } })
  })

  test('a swarm that was founded here and left is taken up again', async () => {
    const { ask } = setUp()
    expect(await ask('takeUp', { swarm: 'ff'.repeat(32) })).toMatchObject({ error: { type: 'refused' } })
    expect(await ask('takeUp', { swarm: 'x' })).toMatchObject({ error: { type: 'malformed' } })
    expect(await ask('takeUp', { swarm: toHex(link.swarm) })).toMatchObject({ ok: { swarm: { id: toHex(link.swarm) }, left: [] } })
  })

  test('a founder is told its invites, and no link of its own', async () => {
    const { controls } = setUp()
    const founded = {
      witness: key(4),
      issuer: { root: key(2), device: key(5), signature: new Uint8Array(64) },
      invites: [],
      recalled: true,
    }
    const founder = {
      ...controls,
      status: async () => ({ ...(await controls.status()), swarm: { link, policy: null, headChecked: false, takeovers: 0, founded } }),
    }
    const answer = createCommands({ vault: async () => founder, erase: async () => {}, presetShares, models: [] })
    expect(await answer({ command: 'state', args: {} })).toMatchObject({
      ok: { swarm: { founded: { invites: [] } } },
    })
  })

  test('what a founder changes reaches the vault as keys and amounts, and nothing of another form does', async () => {
    const { asked, ask } = setUp()
    await ask('terms', { stepMicro: 70_000, block: ['07'.repeat(32)] })
    await ask('revokeInvite', { token: '06'.repeat(16) })
    expect(asked).toEqual([
      ['changeTerms', { stepMicro: 70_000, block: [key(7)], unblock: undefined }],
      ['revokeInvite', new Uint8Array(16).fill(6)],
    ])
    for (const args of [{ stepMicro: 0.5 }, { block: ['07'] }, { witnesses: [] }])
      expect(await ask('terms', args)).toMatchObject({ error: { type: 'malformed' } })
    expect(asked.length).toBe(2)
  })

  test('a damaged link is refused with what is wrong with it', async () => {
    const damaged = await setUp().ask('join', { link: formatLink(link).slice(0, -3) })
    expect(damaged).toMatchObject({ error: { type: 'link', detail: expect.stringContaining('"reason":"damaged"') } })
  })

  test('the words are told until they are confirmed', async () => {
    const { ask } = setUp()
    expect(await ask('phrase')).toEqual({ ok: { words: ['one', 'two'] } })
    expect(await ask('confirmPhrase')).toMatchObject({ ok: { phraseConfirmed: true } })
    expect(await ask('phrase')).toEqual({ ok: { words: null } })
  })

  test('errors of the vault reach the page with their fields', async () => {
    expect(await setUp().ask('restore', { phrase: 'x' })).toEqual({ error: { type: 'phrase', detail: '{"reason":"checksum"}' } })
  })

  test('erase works where the vault does not open', async () => {
    const { controls, ask } = setUp()
    let damaged = true
    const answer = createCommands({
      vault: async () => {
        if (damaged) throw new Error('damaged')
        return controls
      },
      erase: async () => {
        damaged = false
      },
      presetShares,
      models: [],
    })
    expect(await answer({ command: 'state', args: {} })).toEqual({ error: { type: 'storage', detail: 'damaged' } })
    expect(await answer({ command: 'erase', args: {} })).toEqual(await ask('state'))
  })

  test.each([
    [undefined],
    [null],
    ['state'],
    [{ command: 'state' }],
    [{ command: 'sign', args: {} }],
    [{ command: '__proto__', args: {} }],
    [{ command: 'state', args: {}, more: 1 }],
    [{ command: 'consent', args: { preset: 'greedy' } }],
    [{ command: 'settings', args: { share: 2 } }],
    [{ command: 'settings', args: { share: Number.NaN } }],
    [{ command: 'settings', args: { consented: true } }],
    [{ command: 'settings', args: { paused: -1 } }],
    [{ command: 'join', args: { link: 'x'.repeat(1_000_000) } }],
  ])('malformed: %j', async (message) => {
    expect(await setUp().answer(message)).toMatchObject({ error: { type: 'malformed' } })
  })
})
