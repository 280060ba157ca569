/** The first texts with their vectors as stripes of colour: equal meanings look alike. */
import { useEffect, useRef, useState } from 'react'
import { t, tn } from '../i18n.ts'
import type { ResultRows } from '../result-files.ts'

const shownFirst = 5
const shownMore = 50

export const ResultsPreview = ({ rows }: { readonly rows: ResultRows }) => {
  const [shown, setShown] = useState(shownFirst)
  const { texts, ids, vectors, dimension } = rows
  return (
    <section className="preview" aria-label={t('previewTitle')}>
      <h3>{t('previewTitle')}</h3>
      <ol data-testid="results-preview">
        {texts.slice(0, shown).map((text, row) => (
          <li key={row}>
            <span className="preview-id">{ids[row]}</span>
            <span className="preview-text">{text}</span>
            <Stripes vector={vectors.subarray(row * dimension, (row + 1) * dimension)} />
          </li>
        ))}
      </ol>
      {texts.length > shown && (
        <button type="button" className="link" onClick={() => setShown(shown + shownMore)}>
          {tn('previewMore', Math.min(shownMore, texts.length - shown))}
        </button>
      )}
    </section>
  )
}

const Stripes = ({ vector }: { readonly vector: Float32Array }) => {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!context) return
    const largest = Math.max(1e-9, ...vector.map(Math.abs))
    context.clearRect(0, 0, vector.length, 1)
    vector.forEach((x, i) => {
      context.fillStyle = x < 0 ? '#c2703d' : '#17897b'
      context.globalAlpha = Math.abs(x) / largest
      context.fillRect(i, 0, 1, 1)
    })
  }, [vector])
  return <canvas className="stripes" ref={canvas} width={vector.length} height={1} aria-hidden="true" />
}
