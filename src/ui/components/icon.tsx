/** Line icons on a 24-unit grid. Always beside a text or on a labelled button, so hidden from screen readers. */
const paths = {
  cpu: 'M7 7h10v10H7zM10.5 10.5h3v3h-3zM9.5 3v4M14.5 3v4M9.5 17v4M14.5 17v4M3 9.5h4M3 14.5h4M17 9.5h4M17 14.5h4',
  memory: 'M3 8h18v8H3zM7 8v4M11 8v4M15 8v4M6 16v3M18 16v3M12 16v3',
  disk: 'M4 6.5C4 5 7.6 4 12 4s8 1 8 2.5v11c0 1.5-3.6 2.5-8 2.5s-8-1-8-2.5zM4 6.5C4 8 7.6 9 12 9s8-1 8-2.5M4 12c0 1.5 3.6 2.5 8 2.5s8-1 8-2.5',
  data: 'M8 20V5M8 5L4.5 8.5M8 5l3.5 3.5M16 4v15M16 19l-3.5-3.5M16 19l3.5-3.5',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.2a2.8 2.8 0 100 5.6 2.8 2.8 0 000-5.6z',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 017 0v3M12 14.5v2',
  book: 'M5 4.5h11a3 3 0 013 3V20H8a3 3 0 01-3-3zM5 17a3 3 0 013-3h11M9 8.5h6',
  coin: 'M12 3.5a8.5 8.5 0 100 17 8.5 8.5 0 000-17zM14.8 9.2A3.5 3.5 0 1014.8 14.8',
  never: 'M12 3.5a8.5 8.5 0 100 17 8.5 8.5 0 000-17zM6 6l12 12',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  cross: 'M6 6l12 12M18 6L6 18',
  alert: 'M12 4L2.8 19.5h18.4zM12 10v4.5M12 17v.2',
  pause: 'M8.5 5.5v13M15.5 5.5v13',
  play: 'M8 5.5v13l10.5-6.5z',
  clock: 'M12 3.5a8.5 8.5 0 100 17 8.5 8.5 0 000-17zM12 7.5V12l3 2',
  restart: 'M4.5 12a7.5 7.5 0 107.5-7.5c-2.6 0-4.6 1-6 2.8M6 3.5v4h4',
  open: 'M9 5H5v14h14v-4M13 5h6v6M19 5l-9 9',
  file: 'M6 3.5h8l4 4v13H6zM14 3.5v4h4M9 12h6M9 15.5h6',
  download: 'M12 4v11M12 15l-4.5-4.5M12 15l4.5-4.5M5 19.5h14',
  search: 'M10.5 4.5a6 6 0 100 12 6 6 0 000-12zM15 15l5 5',
  people: 'M9 5.5a3 3 0 100 6 3 3 0 000-6zM3.5 19c0-3 2.5-5 5.5-5s5.5 2 5.5 5M16 6a2.7 2.7 0 010 5.2M17 14.2c2.2.5 3.5 2.3 3.5 4.8',
  gear: 'M4 7h10M18 7h2M4 12h2M10 12h10M4 17h8M16 17h4M16 5v4M8 10v4M14 15v4',
  leaf: 'M5 19c0-9 5-14 14-14 0 9-4 14-11 14M5 19c2-5 5-8 9-10',
  gauge: 'M4.5 18a9 9 0 1115 0M12 14l4-5',
  bolt: 'M13 3.5L5 13.5h6L10.5 20.5 19 10.5h-6z',
} as const

export type IconName = keyof typeof paths

export const Icon = ({ name }: { readonly name: IconName }) => (
  <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d={paths[name]} />
  </svg>
)
