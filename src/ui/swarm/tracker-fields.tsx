/** Where the members of a swarm meet: addresses of trackers, one's own or public ones after a tick. */
import { t } from '../i18n.ts'

/** Run by others for whoever comes, and blocked in some places: used after a tick only. */
export const publicTrackers: readonly string[] = [
  'wss://tracker.webtorrent.dev',
  'wss://tracker.openwebtorrent.com',
  'wss://tracker.btorrent.xyz',
]

/** Addresses as typed, apart by spaces, commas or lines, each once. */
export const placesOf = (typed: string, usesPublic: boolean): readonly string[] => [
  ...new Set([...typed.split(/[\s,]+/).filter((place) => place !== ''), ...(usesPublic ? publicTrackers : [])]),
]

export const TrackerFields = (props: {
  readonly places: string
  readonly usesPublic: boolean
  readonly onPlaces: (typed: string) => void
  readonly onPublic: (ticked: boolean) => void
}) => (
  <>
    <label htmlFor="swarm-trackers">{t('makeTrackers')}</label>
    <input
      id="swarm-trackers"
      data-testid="swarm-trackers"
      value={props.places}
      placeholder="wss://tracker.example.org"
      spellCheck={false}
      autoComplete="off"
      aria-describedby="swarm-trackers-hint"
      onChange={(event) => props.onPlaces(event.target.value)}
    />
    <p className="note" id="swarm-trackers-hint">
      {t('makeTrackersHint')}
    </p>
    <label className="tick">
      <input
        type="checkbox"
        data-testid="public-trackers"
        checked={props.usesPublic}
        onChange={(event) => props.onPublic(event.target.checked)}
      />
      <span>{t('makePublicTrackers')}</span>
    </label>
  </>
)
