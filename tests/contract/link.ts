/**
 * What every `Link` does, whatever carries it: a list of cases that throw where one fails, so that it runs in vitest, in
 * Node over WebSockets and in a browser's page over WebRTC. Nothing here waits for time to pass.
 */
import type { Bytes } from '../../src/lib/bytes.ts'
import { encode, decodeCanonical } from '../../src/lib/cbor.ts'
import type { Link } from '../../src/network/ports.ts'
import { frameBytesMax } from '../../src/network/wire.ts'

/** A connected pair: `near` dialled or made the offer. Neither is opened. */
export interface LinkPair {
  readonly near: Link
  readonly far: Link
}

export interface LinkCase {
  readonly name: string
  readonly run: (pair: LinkPair) => Promise<void>
}

const check = (condition: boolean, what: string): void => {
  if (!condition) throw new Error(what)
}
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
const hex = (bytes: Uint8Array): string => [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('')

/** Opens an end; `next` is the next frame that comes, `ended` the reason of the end. */
const listen = (link: Link): { readonly next: () => Promise<Bytes>; readonly ended: Promise<string>; readonly ends: () => number } => {
  const frames: Bytes[] = []
  const wanting: ((frame: Bytes) => void)[] = []
  let ends = 0
  const ended = new Promise<string>((resolve) =>
    link.open({
      onFrame: (frame) => {
        const want = wanting.shift()
        if (want) want(frame)
        else frames.push(frame)
      },
      onClose: (reason) => {
        ends++
        resolve(reason)
      },
    }),
  )
  return {
    ended,
    ends: () => ends,
    next: () => {
      const frame = frames.shift()
      return frame ? Promise.resolve(frame) : new Promise((resolve) => wanting.push(resolve))
    },
  }
}
const number = (frame: Bytes): unknown => {
  const decoded = decodeCanonical(frame)
  return decoded.ok ? decoded.value : undefined
}

export const linkCases: readonly LinkCase[] = [
  {
    name: 'one end is the initiator, and both are bound to the same channel',
    run: async ({ near, far }) => {
      check(near.initiator && !far.initiator, 'initiator')
      if (near.binding.kind === 'webrtc' && far.binding.kind === 'webrtc') {
        check(near.binding.own.length === 32 && !same(hex(near.binding.own), hex(near.binding.peer)), 'fingerprints')
        check(hex(near.binding.own) === hex(far.binding.peer) && hex(near.binding.peer) === hex(far.binding.own), 'fingerprints crosswise')
      } else check(near.binding.kind === 'url' && same(near.binding, far.binding), 'the same URL')
    },
  },
  {
    name: 'frames arrive whole and in order, both ways',
    run: async ({ near, far }) => {
      const [a, b] = [listen(near), listen(far)]
      for (let i = 0; i < 500; i++) {
        near.send(encode(i))
        far.send(encode(-1 - i))
      }
      for (let i = 0; i < 500; i++) {
        check(number(await b.next()) === i, `frame ${i} out`)
        check(number(await a.next()) === -1 - i, `frame ${i} back`)
      }
    },
  },
  {
    name: 'the largest frame arrives byte for byte',
    run: async ({ near, far }) => {
      const [, b] = [listen(near), listen(far)]
      const frame = Uint8Array.from({ length: frameBytesMax }, (_, i) => (i * 7 + (i >> 8)) & 255)
      near.send(frame)
      const got = await b.next()
      check(got.length === frame.length && got.every((byte, i) => byte === frame[i]), 'changed on the way')
      check(Object.getPrototypeOf(got) === Uint8Array.prototype, 'a plain byte string')
    },
  },
  {
    name: 'a view into a larger buffer is sent as itself',
    run: async ({ near, far }) => {
      const [, b] = [listen(near), listen(far)]
      near.send(Uint8Array.from([9, 9, 1, 2, 3, 9]).subarray(2, 5))
      check(same([...(await b.next())], [1, 2, 3]), 'more or less than the view')
    },
  },
  {
    name: 'frames that come before an end is opened wait there',
    run: async ({ near, far }) => {
      const a = listen(near)
      for (let i = 0; i < 10; i++) near.send(encode(i))
      const b = listen(far)
      for (let i = 0; i < 10; i++) check(number(await b.next()) === i, `frame ${i}`)
      far.send(encode('done'))
      check(number(await a.next()) === 'done', 'answer')
    },
  },
  {
    name: 'megabytes go through, and the buffer drains',
    run: async ({ near, far }) => {
      const [a, b] = [listen(near), listen(far)]
      const frame = new Uint8Array(48 * 1024)
      for (let i = 0; i < 40; i++) near.send(frame)
      check(near.bufferedBytes() >= 0, 'buffered bytes')
      for (let i = 0; i < 40; i++) check((await b.next()).length === frame.length, `frame ${i}`)
      far.send(encode('all'))
      await a.next()
      check(near.bufferedBytes() < frame.length, `still ${near.bufferedBytes()} bytes`)
    },
  },
  {
    name: 'what was sent before closing arrives, then the end, once',
    run: async ({ near, far }) => {
      const [, b] = [listen(near), listen(far)]
      near.send(encode('bye'))
      near.close('enough')
      check(number(await b.next()) === 'bye', 'last word')
      await b.ended
      check(b.ends() === 1, 'told more than once')
    },
  },
  {
    name: 'a closed link takes frames and closings without complaint',
    run: async ({ near, far }) => {
      const [, b] = [listen(near), listen(far)]
      near.close('enough')
      near.send(encode(1))
      near.close('again')
      await b.ended
      far.send(encode(2))
      far.close('me too')
      check(b.ends() === 1, 'told more than once')
    },
  },
  {
    name: 'an end opened after the other has closed hears what came, and of the end',
    run: async ({ near, far }) => {
      near.send(encode('early'))
      near.close('gone')
      const b = listen(far)
      check(number(await b.next()) === 'early', 'frame')
      await b.ended
    },
  },
]
