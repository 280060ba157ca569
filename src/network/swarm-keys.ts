/** What a swarm is called where strangers listen (spec: network.md, *Finding peers*). */
import { sha1 } from '@noble/hashes/legacy.js'
import { type Bytes, concat, utf8 } from '../lib/bytes.ts'

/** 20 bytes: sha-1 of "edge-net/1/" ‖ swarm id ‖ secret. The tracker protocol wants SHA-1; nothing rests on it. */
export const infoHash = (swarm: Bytes, secret: Bytes | null): Bytes =>
  sha1(concat(utf8('edge-net/1/'), swarm, secret ?? new Uint8Array(0))) as Bytes
