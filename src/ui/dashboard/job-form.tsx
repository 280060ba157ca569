/** Handing in texts to be embedded: by the swarm for credits, or on this computer for nothing. */
import { useDeferredValue, useMemo, useState, type FormEvent } from 'react'
import { ErrorNote } from '../components/error-note.tsx'
import { Icon } from '../components/icon.tsx'
import { Card } from '../components/parts.tsx'
import { formatCount } from '../format.ts'
import { t, tn } from '../i18n.ts'
import { err, type Result } from '../../lib/result.ts'
import { fileBytesMax, type ParsedTexts, parseTexts, type ParseTextsError } from '../parse-texts.ts'
import type { Readiness } from '../status.ts'
import { useRequest, useUi, useUiState } from '../ui-context.ts'
import { enoughFor, QuotePanel } from './quote-panel.tsx'
import { nothingPasted, TextsInput, type TextsSource } from './texts-source.tsx'
import { useQuote } from './use-quote.ts'

const redundancies = [3, 5, 2, 1] as const
const titleCharsMax = 80

export const JobForm = ({ readiness, onSubmitted }: { readonly readiness: Readiness; readonly onSubmitted: () => void }) => {
  const ui = useUi()
  const models = useUiState((s) => s.view?.models) ?? []
  const highPriority = useUiState((s) => s.view?.swarm?.highPriority) ?? 1
  const [source, setSource] = useState<TextsSource>(nothingPasted)
  const [modelChosen, setModel] = useState<string | null>(null)
  const [redundancy, setRedundancy] = useState<number>(redundancies[0])
  const [hurries, setHurries] = useState(false)
  const [title, setTitle] = useState('')
  const [whereChosen, setWhere] = useState<'network' | 'local'>('network')
  const { busy, error, run, clear } = useRequest()

  const deferred = useDeferredValue(source)
  const parsed = useMemo(() => parseSource(deferred), [deferred])
  const parsing = deferred !== source
  const texts = parsed?.ok ? parsed.value.texts : null
  const model = models.find((m) => m.name === modelChosen)?.name ?? models[0]?.name ?? ''
  const inSwarm = readiness === 'ready' || readiness === 'connecting'
  const where = inSwarm ? whereChosen : 'local'
  const offersPriority = where === 'network' && highPriority > 1
  const priority = offersPriority && hurries ? 'high' : 'normal'
  const quote = useQuote(readiness === 'ready' && where === 'network' ? texts : null, model, redundancy, priority)
  const priced = where === 'local' || (quote.name === 'ready' && enoughFor(quote))
  const submittable = !busy && !parsing && texts !== null && model !== '' && priced

  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (!submittable || !parsed?.ok) return
    const { texts, ids } = parsed.value
    const name = title.trim() || tn('jobTitle', texts.length)
    void run(() => ui.agent.call('submit', { texts, ids, model, redundancy, title: name, where, priority })).then((answer) => {
      if (!answer) return
      setSource(nothingPasted)
      setTitle('')
      setHurries(false)
      onSubmitted()
    })
  }

  return (
    <Card id="job-form" title={t('jobFormTitle')} icon="file">
      <p className="card-lead">{t('jobFormLead')}</p>
      <form className="job-form" onSubmit={submit} data-testid="job-form">
        <TextsInput
          source={source}
          count={texts?.length ?? null}
          invalid={parsed?.ok === false}
          onChange={(next) => {
            setSource(next)
            clear()
          }}
        />
        {parsed?.ok === false && <ErrorNote error={parseErrorNote(parsed.error)} />}
        <div className="fields">
          <label>
            {t('modelLabel')}
            <select data-testid="model-select" value={model} onChange={(event) => setModel(event.target.value)}>
              {models.map(({ name, dimension }) => (
                <option key={name} value={name}>
                  {t('modelOption', name, dimension)}
                </option>
              ))}
            </select>
          </label>
          <label>
            {t('redundancyLabel')}
            <select
              data-testid="redundancy"
              value={redundancy}
              disabled={where === 'local'}
              onChange={(event) => setRedundancy(Number(event.target.value))}
            >
              {redundancies.map((n) => (
                <option key={n} value={n}>
                  {t(`redundancy_${n}`)}
                </option>
              ))}
            </select>
          </label>
          <label className="wide">
            {t('titleLabel')}
            <input
              data-testid="title"
              value={title}
              maxLength={titleCharsMax}
              placeholder={texts ? tn('jobTitle', texts.length) : t('titlePlaceholder')}
              onChange={(event) => setTitle(event.target.value)}
            />
          </label>
        </div>
        <fieldset className="where">
          <legend>{t('whereLabel')}</legend>
          <label>
            <input
              type="radio"
              name="where"
              data-testid="where-network"
              checked={where === 'network'}
              disabled={!inSwarm}
              onChange={() => setWhere('network')}
            />
            <strong>{t('whereNetwork')}</strong>
            <small>{t('whereNetworkText')}</small>
          </label>
          <label>
            <input type="radio" name="where" data-testid="where-local" checked={where === 'local'} onChange={() => setWhere('local')} />
            <strong>{t('whereLocal')}</strong>
            <small>{t('whereLocalText')}</small>
          </label>
        </fieldset>
        {offersPriority && (
          <label className="tick">
            <input
              type="checkbox"
              data-testid="priority"
              checked={hurries}
              aria-describedby="priority-text"
              onChange={(event) => setHurries(event.target.checked)}
            />
            <span>
              {t('priorityHigh')}
              <small id="priority-text">{t('priorityHighText', formatCount(highPriority))}</small>
            </span>
          </label>
        )}
        <div className="submit-row">
          {where === 'network' ? (
            <QuotePanel state={quote} redundancy={redundancy} />
          ) : (
            <p className="readers">
              <Icon name="lock" />
              {t('localReaders')}
            </p>
          )}
          <button type="submit" className="button" data-testid="submit" disabled={!submittable}>
            {busy ? t('submitting') : where === 'network' ? t('submit') : t('submitLocal')}
          </button>
        </div>
        <ErrorNote error={error} onClose={clear} />
      </form>
    </Card>
  )
}

/** Null: nothing was given yet, which is no mistake. */
const parseSource = (source: TextsSource): Result<ParsedTexts, ParseTextsError> | null => {
  if (source.kind === 'oversize') return err({ type: 'file-too-large', bytes: source.bytes, bytesMax: fileBytesMax })
  if (source.kind === 'pasted') return source.text === '' ? null : parseTexts(source.text)
  return parseTexts(source.bytes)
}

const parseErrorNote = (error: ParseTextsError) => ({ type: error.type, detail: 'line' in error ? t('inLine', error.line) : '' })
