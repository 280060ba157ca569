/** The small parts that every page is made of. */
import type { ReactNode } from 'react'
import { formatPercent, shortId } from '../format.ts'
import { Icon, type IconName } from './icon.tsx'

export const Card = (props: {
  readonly title: string
  readonly icon?: IconName
  readonly aside?: ReactNode
  readonly id: string
  readonly children: ReactNode
}) => (
  <section className="card" aria-labelledby={`${props.id}-title`}>
    <header className="card-head">
      {props.icon && <Icon name={props.icon} />}
      <h2 id={`${props.id}-title`}>{props.title}</h2>
      {props.aside}
    </header>
    {props.children}
  </section>
)

/** A long id, shortened, with a hexagon in a colour of its own so that one is told from another at a glance. */
export const Id = ({ value }: { readonly value: string }) => (
  <span className="id" title={value}>
    <svg viewBox="0 0 12 12" aria-hidden="true" style={{ color: `hsl(${Number.parseInt(value.slice(0, 4), 16) % 360 || 0} 55% 50%)` }}>
      <path fill="currentColor" d="M6 .5l4.8 2.75v5.5L6 11.5 1.2 8.75v-5.5z" />
    </svg>
    <code>{shortId(value)}</code>
  </span>
)

export const Progress = (props: { readonly value: number; readonly max: number; readonly label: string }) => {
  const share = props.max > 0 ? Math.min(1, props.value / props.max) : 0
  return (
    <div
      className="progress"
      role="progressbar"
      aria-label={props.label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share * 100)}
      aria-valuetext={formatPercent(share)}
    >
      <div className="progress-fill" style={{ transform: `scaleX(${share})` }} />
    </div>
  )
}

export const Figure = (props: { readonly label: string; readonly value: string; readonly testid?: string }) => (
  <div className="figure">
    <dt>{props.label}</dt>
    <dd data-testid={props.testid}>{props.value}</dd>
  </div>
)
