/** The link contract over real data channels, and what else of the WebRTC adapter only a browser can show. */
import { createRtc } from '../../../src/browser/webrtc/rtc.ts'
import { createSdpSeal } from '../../../src/browser/webrtc/sdp-seal.ts'
import { sdpFingerprint } from '../../../src/network/sdp.ts'
import { linkCases, type LinkPair } from '../../contract/link.ts'
import { runCases } from './run-cases.ts'

const rtc = createRtc({ hostCandidates: true })

const check = (condition: boolean, what: string): void => {
  if (!condition) throw new Error(what)
}
const value = <T>(result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown }): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}
const connect = async (): Promise<LinkPair> => {
  const offer = value(await rtc.offer())
  const answer = value(await rtc.answer(offer.sdp))
  const [near, far] = await Promise.all([offer.accept(answer.sdp), answer.link])
  return { near: value(near), far: value(far) }
}

await runCases([
  ...linkCases.map(({ name, run }) => ({
    name,
    run: async () => {
      const pair = await connect()
      try {
        await run(pair)
      } finally {
        pair.near.close('done')
        pair.far.close('done')
      }
    },
  })),
  {
    name: 'a description with a second or another fingerprint is refused',
    run: async () => {
      const offer = value(await rtc.offer())
      check(sdpFingerprint(offer.sdp) !== undefined, `our own has not exactly one:\n${offer.sdp}`)
      const line = /a=fingerprint:\S+ \S+\r\n/.exec(offer.sdp)![0]
      for (const sdp of [offer.sdp.replace(line, line + line), offer.sdp.replace('sha-256', 'sha-1'), offer.sdp.replace(line, '')]) {
        const answer = await rtc.answer(sdp)
        check(!answer.ok && answer.error.type === 'refused', 'taken')
      }
      offer.abort()
    },
  },
  {
    name: 'an answer with another certificate than it names never becomes a link',
    run: async () => {
      const offer = value(await rtc.offer())
      const answer = value(await rtc.answer(offer.sdp))
      const forged = answer.sdp.replace(
        /(a=fingerprint:sha-256 )(..)/,
        (_, head: string, byte: string) => head + (byte === '00' ? '01' : '00'),
      )
      const accepted = await offer.accept(forged)
      check(!accepted.ok, 'connected')
    },
  },
  {
    name: 'without host candidates and without servers there is nothing to offer',
    run: async () => {
      const offer = await createRtc({ hostCandidates: false }).offer()
      check(!offer.ok && offer.error.type === 'no-candidates', 'an address was told')
    },
  },
  {
    name: 'sealed descriptions open under the same secret only',
    run: async () => {
      const secret = new Uint8Array(32).fill(1)
      const sealed = await createSdpSeal(secret).seal('sdp')
      check(value(await createSdpSeal(secret).open(sealed)) === 'sdp', 'not what was sealed')
      check(!(await createSdpSeal(new Uint8Array(32)).open(sealed)).ok, 'opened by another secret')
      check(!(await createSdpSeal(secret).open(sealed.slice(1))).ok, 'opened though damaged')
    },
  },
])
