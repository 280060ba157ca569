/**
 * The recovery phrase: 24 words that hold a person's identity (BIP-39, English list).
 *
 * Root secret = HKDF-SHA-256 over the BIP-39 seed with empty passphrase, no salt, info "edge-net/root/1", 32 bytes.
 */
import { entropyToMnemonic, mnemonicToEntropy, mnemonicToSeedSync } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { type Bytes, utf8 } from '../lib/bytes.ts'
import type { Random } from '../lib/random.ts'
import { err, ok, type Result } from '../lib/result.ts'

export const phraseWords = 24

export type PhraseError =
  | { readonly type: 'phrase'; readonly reason: 'word-count'; readonly count: number }
  /** `position` counts from 1, as people do. */
  | { readonly type: 'phrase'; readonly reason: 'unknown-word'; readonly position: number; readonly word: string }
  /** All words are of the list, but not these in this order: one is wrong or two are swapped. */
  | { readonly type: 'phrase'; readonly reason: 'checksum' }

export const newPhrase = (random: Random): string => entropyToMnemonic(random.bytes(32), wordlist)

export const rootSecretFromPhrase = (phrase: string): Result<Bytes, PhraseError> => {
  const words = phrase
    .normalize('NFKD')
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  if (words.length !== phraseWords) return err({ type: 'phrase', reason: 'word-count', count: words.length })
  const unknown = words.findIndex((word) => !wordlist.includes(word))
  if (unknown >= 0) return err({ type: 'phrase', reason: 'unknown-word', position: unknown + 1, word: words[unknown]! })
  const normalised = words.join(' ')
  try {
    mnemonicToEntropy(normalised, wordlist)
  } catch {
    return err({ type: 'phrase', reason: 'checksum' })
  }
  return ok(hkdf(sha256, mnemonicToSeedSync(normalised), undefined, utf8('edge-net/root/1'), 32) as Bytes)
}
