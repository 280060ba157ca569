/** A step's heading. It takes the focus when the step opens, so that keyboard and screen reader begin where the eye does. */
import { useEffect, useRef } from 'react'

export const StepHeading = ({ title, lead }: { readonly title: string; readonly lead?: string }) => {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  return (
    <>
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {lead && <p className="lead">{lead}</p>}
    </>
  )
}
