/** The mark: one hexagon of the net. It breathes while work is being done, and is grey where nothing runs. */
import type { Activity } from '../status.ts'

export const Mark = ({ activity = 'idle', size = 40 }: { readonly activity?: Activity; readonly size?: number }) => (
  <svg className="mark" data-activity={activity} width={size} height={size} viewBox="0 0 128 128" aria-hidden="true" focusable="false">
    <path className="mark-body" d="M64 14l43.3 25v50L64 114 20.7 89V39z" />
    <path className="mark-lines" d="M64 64V30M64 64l29.4 17M64 64L34.6 81" />
    <circle className="mark-node" cx="64" cy="30" r="10" />
    <circle className="mark-node" cx="93.4" cy="81" r="10" />
    <circle className="mark-node" cx="34.6" cy="81" r="10" />
    <circle className="mark-heart" cx="64" cy="64" r="14" />
  </svg>
)
