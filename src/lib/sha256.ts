/** SHA-256 in JavaScript, for no browser has it but as a promise. In Node `#sha256` (package.json) is src/node/sha256.ts. */
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import type { Bytes } from './bytes.ts'

export const sha256 = (bytes: Uint8Array): Bytes => nobleSha256(bytes) as Bytes
