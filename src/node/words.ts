/** The words of the command line, whatever the command: every option that there is, and keys among their values. */
import { parseArgs } from 'node:util'
import { type Bytes, fromHex } from '../lib/bytes.ts'
import { err, ok, type Result } from '../lib/result.ts'

/** In one command: attested in one entry, put on a list at once. */
const keysMax = 64

export const parseWords = (args: readonly string[]) => {
  try {
    return ok(
      parseArgs({
        args: [...args],
        allowPositionals: true,
        options: {
          help: { type: 'boolean', short: 'h' },
          data: { type: 'string' },
          port: { type: 'string' },
          url: { type: 'string', multiple: true },
          name: { type: 'string' },
          models: { type: 'string', multiple: true },
          'model-card': { type: 'string', multiple: true },
          witness: { type: 'string' },
          witnesses: { type: 'string' },
          sponsor: { type: 'string', multiple: true },
          referrer: { type: 'string', multiple: true },
          'trust-proxy': { type: 'boolean' },
          'judge-results': { type: 'boolean' },
          independence: { type: 'string' },
          keep: { type: 'string' },
          reason: { type: 'string' },
          succeeds: { type: 'string' },
          kind: { type: 'string' },
          budget: { type: 'string' },
          grants: { type: 'string' },
          grant: { type: 'string' },
          stake: { type: 'string' },
          unlock: { type: 'string' },
          'stamp-bits': { type: 'string' },
          price: { type: 'string' },
          block: { type: 'string', multiple: true },
          unblock: { type: 'string', multiple: true },
          relay: { type: 'string', multiple: true },
          'drop-model': { type: 'string', multiple: true },
          take: { type: 'string' },
          uses: { type: 'string' },
        },
      }),
    )
  } catch (error) {
    return err((error as Error).message.split('. ')[0]!)
  }
}

export type Values = Extract<ReturnType<typeof parseWords>, { ok: true }>['value']['values']

export const keysOf = (option: string, given: readonly string[] = []): Result<readonly Bytes[], string> => {
  if (given.length > keysMax) return err(`--${option}: ${keysMax} at most, the others at another start`)
  const keys: Bytes[] = []
  for (const text of given) {
    const key = fromHex(text)
    if (key?.length !== 32) return err(`--${option}: ${text} is no account, 64 hex digits as /ledger.json shows it`)
    keys.push(key)
  }
  return ok(keys)
}
