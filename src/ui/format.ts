/** Numbers, times and ids as people read them. None of these ever shows NaN, -0 or Infinity: what is not known is a dash. */
import { language } from './i18n.ts'

const microPerCent = 10_000
const unknown = '–'

/** No sign before what rounds to zero. */
const sign = { signDisplay: 'negative' } as const

const decimal = (value: number, digits: number): string =>
  new Intl.NumberFormat(language(), { minimumFractionDigits: digits, maximumFractionDigits: digits, ...sign }).format(value)

/** `12.35`, rounded towards zero so that nobody is shown a credit that is not there; `<0.01` for the crumbs below that. */
export const formatCredits = (micro: number): string => {
  if (!Number.isFinite(micro)) return unknown
  const cents = Math.trunc(micro / microPerCent)
  if (cents === 0 && micro > 0) return `<${decimal(0.01, 2)}`
  return decimal(cents / 100, 2)
}

/** The same without `.00`: for amounts that people choose. */
export const formatAmount = (micro: number): string =>
  micro % (100 * microPerCent) === 0 ? formatCount(micro / (100 * microPerCent)) : formatCredits(micro)

/** To the micro-credit: for a price that is a fraction of a credit. */
export const formatExact = (micro: number): string =>
  Number.isFinite(micro)
    ? new Intl.NumberFormat(language(), { maximumFractionDigits: 6, ...sign }).format(micro / (100 * microPerCent))
    : unknown

/** What something may cost: rounded up, for a price must not grow after the yes. */
export const formatPrice = (micro: number): string =>
  Number.isFinite(micro) ? decimal(Math.ceil(Math.max(0, micro) / microPerCent) / 100, 2) : unknown

/** With its sign, for today's change. */
export const formatChange = (micro: number): string => (micro > 0 ? `+${formatCredits(micro).replace('<', '')}` : formatCredits(micro))

export const formatCount = (count: number): string =>
  Number.isFinite(count) ? new Intl.NumberFormat(language(), sign).format(count) : unknown

export const formatPercent = (share: number): string =>
  Number.isFinite(share) ? new Intl.NumberFormat(language(), { style: 'percent', ...sign }).format(share) : unknown

/** `≈ 1.2` of n cores. */
export const formatCores = (share: number, cores: number): string => (Number.isFinite(share * cores) ? decimal(share * cores, 1) : unknown)

const byteUnits = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const

export const formatBytes = (bytes: number): string => {
  if (!Number.isFinite(bytes) || bytes < 0) return unknown
  const step = bytes < 1000 ? 0 : Math.min(byteUnits.length - 1, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** step
  return new Intl.NumberFormat(language(), {
    style: 'unit',
    unit: byteUnits[step]!,
    unitDisplay: 'short',
    ...sign,
    maximumFractionDigits: step > 0 && value < 10 ? 1 : 0,
  }).format(value)
}

/** Milliseconds as `340 ms`, `4.2 s`, `3 min`. */
export const formatDuration = (ms: number): string => {
  if (!Number.isFinite(ms) || ms < 0) return unknown
  const [value, unit] = ms < 1000 ? [ms, 'millisecond'] : ms < 60_000 ? [ms / 1000, 'second'] : [ms / 60_000, 'minute']
  const maximumFractionDigits = unit !== 'millisecond' && value < 10 ? 1 : 0
  return new Intl.NumberFormat(language(), { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits, ...sign }).format(value)
}

/** How long until something: `23 h 40 min`, a started minute counts whole. */
export const formatWait = (ms: number): string => {
  if (!Number.isFinite(ms)) return unknown
  const minutes = Math.max(0, Math.ceil(ms / 60_000))
  const part = (value: number, unit: 'hour' | 'minute'): string =>
    new Intl.NumberFormat(language(), { style: 'unit', unit, unitDisplay: 'short', ...sign }).format(value)
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60]
  return [hours > 0 ? part(hours, 'hour') : '', rest > 0 || hours === 0 ? part(rest, 'minute') : ''].filter(Boolean).join(' ')
}

const steps = [
  { unit: 'day', ms: 86_400_000 },
  { unit: 'hour', ms: 3_600_000 },
  { unit: 'minute', ms: 60_000 },
] as const

/** `3 minutes ago`, `now`. A clock set back never puts the past into the future. */
export const formatAgo = (thenMs: number, nowMs: number): string => {
  if (!Number.isFinite(nowMs - thenMs)) return unknown
  const passed = Math.max(0, nowMs - thenMs)
  const relative = new Intl.RelativeTimeFormat(language(), { numeric: 'auto' })
  const step = steps.find(({ ms }) => passed >= ms)
  return step ? relative.format(-Math.floor(passed / step.ms), step.unit) : relative.format(0, 'second')
}

/** Hour and minute of a moment, in the machine's own time zone. */
export const formatTime = (ms: number): string => new Intl.DateTimeFormat(language(), { hour: '2-digit', minute: '2-digit' }).format(ms)

/** The first eight digits of a long id; the whole one belongs into `title`. */
export const shortId = (id: string): string => (id.length > 12 ? id.slice(0, 8) : id)
