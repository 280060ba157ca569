/** Where the texts come from: pasted, or a file that is chosen or dropped. Files are read whole, as bytes, and never shown unasked. */
import { useId, type DragEvent } from 'react'
import { Icon } from '../components/icon.tsx'
import { formatBytes } from '../format.ts'
import { t, tn } from '../i18n.ts'
import { fileBytesMax } from '../parse-texts.ts'

export type TextsSource =
  | { readonly kind: 'pasted'; readonly text: string }
  | { readonly kind: 'file'; readonly name: string; readonly bytes: Uint8Array }
  /** Too large to be read: only its size is known. */
  | { readonly kind: 'oversize'; readonly name: string; readonly bytes: number }

export const nothingPasted: TextsSource = { kind: 'pasted', text: '' }

const read = async (file: File): Promise<TextsSource> =>
  file.size > fileBytesMax
    ? { kind: 'oversize', name: file.name, bytes: file.size }
    : { kind: 'file', name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) }

export const TextsInput = (props: {
  readonly source: TextsSource
  readonly count: number | null
  readonly invalid: boolean
  readonly onChange: (source: TextsSource) => void
}) => {
  const { source, onChange } = props
  const id = useId()
  const take = (file: File | null | undefined): void => {
    if (file) void read(file).then(onChange)
  }
  const drop = (event: DragEvent): void => {
    event.preventDefault()
    take(event.dataTransfer.files.item(0))
  }
  return (
    <div className="texts" onDragOver={(event) => event.preventDefault()} onDrop={drop}>
      <label htmlFor={`${id}-texts`}>{t('textsLabel')}</label>
      {source.kind === 'pasted' ? (
        <textarea
          id={`${id}-texts`}
          data-testid="texts-input"
          rows={7}
          value={source.text}
          placeholder={t('textsPlaceholder')}
          spellCheck={false}
          aria-describedby={`${id}-hint`}
          aria-invalid={props.invalid}
          onChange={(event) => onChange({ kind: 'pasted', text: event.target.value })}
        />
      ) : (
        <div className="file-taken" id={`${id}-texts`}>
          <Icon name="file" />
          <p>
            <strong>{source.name}</strong>
            <small>{formatBytes(source.kind === 'file' ? source.bytes.length : source.bytes)}</small>
          </p>
          <button type="button" className="button quiet" data-testid="texts-clear" onClick={() => onChange(nothingPasted)}>
            {t('textsClear')}
          </button>
        </div>
      )}
      <div className="texts-foot">
        <label className="button quiet file-button">
          <Icon name="file" />
          {t('textsFile')}
          <input
            type="file"
            data-testid="texts-file"
            accept=".txt,.jsonl,.ndjson,text/plain"
            onChange={(event) => {
              take(event.target.files?.item(0))
              // The same file, mended, can be chosen again.
              event.target.value = ''
            }}
          />
        </label>
        <p className="note" id={`${id}-hint`}>
          {props.count !== null && props.count > 0 ? tn('textsCount', props.count) : t('textsHint')}
        </p>
      </div>
    </div>
  )
}
