/** The user's settings: defaults, form, and what of them ends with the browser session. */
import * as v from 'valibot'
import { text, uint } from '../lib/schema.ts'
import type { StoreValue } from '../lib/store.ts'
import type { Settings } from './vault.ts'

export const defaultHubUrl = 'https://huggingface.co'

/** Share of all logical cores that each preset starts with. */
export const presetShares: Readonly<Record<Settings['preset'], number>> = { gentle: 0.25, standard: 0.5, all: 1 }

export const defaultSettings: Settings = {
  consented: false,
  preset: 'standard',
  share: presetShares.standard,
  paused: null,
  hubUrl: defaultHubUrl,
  depositEarnings: true,
}

/** https anywhere, http on this machine only: hashes are checked, but what is fetched is nobody's business on the way. */
const hubUrlForm = /^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost)(?=[:/]|$))[^\s#?]+$/

export const settingsSchema = v.strictObject({
  consented: v.boolean(),
  preset: v.picklist(['gentle', 'standard', 'all']),
  share: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  paused: v.nullable(v.union([uint(), v.picklist(['restart', 'off'])])),
  hubUrl: v.pipe(text(300), v.regex(hubUrlForm, 'neither https nor on this machine')),
  depositEarnings: v.boolean(),
})

/** Stored without fractions: the share in thousandths. Records of earlier versions say nothing of the deposit. */
const recordSchema = v.strictObject({
  ...settingsSchema.entries,
  depositEarnings: v.optional(v.boolean(), defaultSettings.depositEarnings),
  share: uint(1000),
  session: text(100),
})

export const settingsToRecord = (settings: Settings, session: string): StoreValue => ({
  ...settings,
  share: Math.round(settings.share * 1000),
  session,
})

/** A pause "until restart" of an earlier session is over. What cannot be read is the default: consent is then asked again. */
export const settingsFromRecord = (record: StoreValue | undefined, currentSession: string): Settings => {
  const parsed = v.safeParse(recordSchema, record)
  if (!parsed.success) return defaultSettings
  const { session, share, ...rest } = parsed.output
  return { ...rest, share: share / 1000, paused: rest.paused === 'restart' && session !== currentSession ? null : rest.paused }
}
