import { describe, expect, it } from 'vitest'
import { sdpFingerprint, sdpHasCandidates, withoutHostCandidates } from '../../../src/network/sdp.ts'

const hex = Array.from({ length: 32 }, (_, i) => i.toString(16).padStart(2, '0').toUpperCase()).join(':')
const line = `a=fingerprint:sha-256 ${hex}`
const sdp = (...lines: readonly string[]): string =>
  [
    'v=0',
    'o=- 1 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 192.0.2.7',
    ...lines,
    '',
  ].join('\r\n')

describe('sdp', () => {
  it('one sha-256 fingerprint is read, in either case', () => {
    const bytes = Uint8Array.from({ length: 32 }, (_, i) => i)
    expect(sdpFingerprint(sdp(line))).toEqual(bytes)
    expect(sdpFingerprint(sdp(line.replace(hex, hex.toLowerCase())))).toEqual(bytes)
  })

  it('none, another hash, a second one however hidden, or a damaged one is refused', () => {
    for (const bad of [
      sdp(),
      sdp(line.replace('sha-256', 'sha-1')),
      sdp(line, line),
      sdp(line, `a=fingerprint:sha-512 ${hex}:${hex}`),
      sdp(`a=mid:0\r${line}`, line),
      sdp(`a=mid:0\n${line}`, line),
      sdp(line, ` ${line}`),
      sdp(line, line.replace('fingerprint', 'Fingerprint')),
      sdp(line.slice(0, -1)),
      sdp(`${line}:00`),
      '',
    ])
      expect(sdpFingerprint(bad)).toBeUndefined()
  })

  it('own addresses can be left out', () => {
    const full = sdp(
      line,
      'a=candidate:1 1 udp 2113937151 192.0.2.7 55555 typ host generation 0',
      'a=candidate:2 1 udp 1677729535 203.0.113.9 55556 typ srflx raddr 192.0.2.7 rport 55555 generation 0',
    )
    expect(sdpHasCandidates(full)).toBe(true)
    const hidden = withoutHostCandidates(full)
    expect(hidden).not.toContain('192.0.2.7')
    expect(hidden).toContain('203.0.113.9')
    expect(sdpFingerprint(hidden)).toEqual(sdpFingerprint(full))
    expect(sdpHasCandidates(withoutHostCandidates(sdp(line, 'a=candidate:1 1 udp 1 fd00::2 5 typ host')))).toBe(false)
  })
})
