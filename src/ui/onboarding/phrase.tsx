/** The recovery phrase: shown when asked for, then hidden, then three of its words are asked back. Later is allowed. */
import { useState, type FormEvent } from 'react'
import { ErrorNote } from '../components/error-note.tsx'
import { Icon } from '../components/icon.tsx'
import { t } from '../i18n.ts'
import { pickPlaces, wrongPlaces } from '../recovery-check.ts'
import { useRequest, useUi } from '../ui-context.ts'
import { StepHeading } from './step-heading.tsx'

type Stage = { readonly name: 'hidden' } | { readonly name: 'shown' | 'asked'; readonly words: readonly string[] }

export const Phrase = ({ onDone }: { readonly onDone: () => void }) => {
  const ui = useUi()
  const [stage, setStage] = useState<Stage>({ name: 'hidden' })
  const { busy, error, run } = useRequest()
  const show = async (): Promise<void> => {
    const answer = await run(() => ui.ask('phrase', {}))
    if (answer?.words) setStage({ name: 'shown', words: answer.words })
    else if (answer) onDone()
  }
  return (
    <>
      <StepHeading title={t('phraseTitle')} lead={t('phraseLead')} />
      {stage.name === 'hidden' && (
        <div className="phrase-veil">
          <Icon name="lock" />
          <p>{t('phraseWarning')}</p>
          <button type="button" className="button" data-testid="phrase-show" disabled={busy} onClick={() => void show()}>
            {t('phraseShow')}
          </button>
        </div>
      )}
      {stage.name === 'shown' && (
        <>
          <ol className="words" data-testid="words">
            {stage.words.map((word, place) => (
              <li key={place}>
                <span aria-hidden="true">{place + 1}</span>
                {word}
              </li>
            ))}
          </ol>
          <div className="actions">
            <button type="button" className="button" data-testid="phrase-written" onClick={() => setStage({ ...stage, name: 'asked' })}>
              {t('phraseWritten')}
            </button>
          </div>
        </>
      )}
      {stage.name === 'asked' && <AskWords words={stage.words} onBack={() => setStage({ ...stage, name: 'shown' })} onConfirmed={onDone} />}
      <ErrorNote error={error} />
      <p className="later">
        <button type="button" className="link" data-testid="phrase-later" onClick={onDone}>
          {t('phraseLater')}
        </button>
        <small>{t('phraseLaterText')}</small>
      </p>
    </>
  )
}

const randomBelow = (n: number): number => crypto.getRandomValues(new Uint32Array(1))[0]! % n

const AskWords = (props: { readonly words: readonly string[]; readonly onBack: () => void; readonly onConfirmed: () => void }) => {
  const ui = useUi()
  const { words } = props
  const [places] = useState(() => pickPlaces(words.length, randomBelow))
  const [typed, setTyped] = useState<readonly string[]>(places.map(() => ''))
  const [wrong, setWrong] = useState<readonly number[]>([])
  const { busy, error, run } = useRequest()
  const confirm = (event: FormEvent): void => {
    event.preventDefault()
    const differing = wrongPlaces(words, places, typed)
    setWrong(differing)
    if (differing.length === 0) void run(() => ui.ask('confirmPhrase', {})).then((state) => state && props.onConfirmed())
  }
  return (
    <form className="stack" onSubmit={confirm}>
      <p>{t('phraseAsk')}</p>
      <div className="asked-words">
        {places.map((place, i) => (
          <label key={place}>
            {t('phraseWord', place + 1)}
            <input
              data-testid="word-input"
              data-place={place + 1}
              value={typed[i]}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              autoFocus={i === 0}
              aria-invalid={wrong.includes(place)}
              onChange={(event) => setTyped(typed.map((word, j) => (j === i ? event.target.value : word)))}
            />
          </label>
        ))}
      </div>
      <ErrorNote
        error={wrong.length > 0 ? { type: 'wrong-words', detail: wrong.map((place) => t('phraseWord', place + 1)).join(', ') } : error}
      />
      <div className="actions">
        <button type="submit" className="button" data-testid="phrase-confirm" disabled={busy || typed.some((word) => word.trim() === '')}>
          {t('phraseConfirm')}
        </button>
        <button type="button" className="button quiet" data-testid="phrase-again" onClick={props.onBack}>
          {t('phraseAgain')}
        </button>
      </div>
    </form>
  )
}
