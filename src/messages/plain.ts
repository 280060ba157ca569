/**
 * Values as text, for ports that only carry JSON on one browser and structured clones on the other: JSON in which a byte
 * string is `{"bytes": base64url}`.
 */
import { fromBase64url, toBase64url } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'

export const toText = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (part instanceof Uint8Array ? { bytes: toBase64url(part) } : part))

export const fromText = (text: string): Result<unknown, { readonly type: 'not-plain' }> => {
  try {
    return ok(JSON.parse(text, (_, part: unknown) => revived(part)))
  } catch {
    return err({ type: 'not-plain' })
  }
}

const revived = (part: unknown): unknown => {
  if (typeof part !== 'object' || part === null || !('bytes' in part) || typeof part.bytes !== 'string' || Object.keys(part).length !== 1)
    return part
  const bytes = fromBase64url(part.bytes)
  if (!bytes) throw new Error('not base64url')
  return bytes
}
