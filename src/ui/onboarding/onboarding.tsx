/**
 * First run, one step at a time: the yes or no, how much, the swarm, the recovery phrase. Opened again later, it begins at the first
 * step that is still due. Nothing runs before the yes, and the yes is only sent together with how much.
 */
import { useState, type ReactNode } from 'react'
import type { BackgroundState } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { Mark } from '../components/mark.tsx'
import { type MessageKey, t } from '../i18n.ts'
import { useUiState } from '../ui-context.ts'
import { Consent } from './consent.tsx'
import { Declined } from './declined.tsx'
import { Done } from './done.tsx'
import { Phrase } from './phrase.tsx'
import { Share } from './share.tsx'
import { Swarm } from './swarm.tsx'

export type Step = 'consent' | 'declined' | 'share' | 'swarm' | 'phrase' | 'done'

const shownSteps: readonly (readonly [Step, MessageKey])[] = [
  ['consent', 'stepConsent'],
  ['share', 'stepShare'],
  ['swarm', 'stepSwarm'],
  ['phrase', 'stepPhrase'],
]

export const firstDueStep = (state: BackgroundState): Step =>
  !state.consented ? 'consent' : !state.swarm ? 'swarm' : !state.phraseConfirmed ? 'phrase' : 'done'

export const Onboarding = () => {
  const { background, trouble } = useUiState((s) => s)
  const [chosen, setStep] = useState<Step | null>(null)
  const [opening, setOpening] = useState<Step | null>(null)
  // Where it begins is settled once; later changes of state move on by the steps' own buttons.
  if (background && opening === null) setOpening(firstDueStep(background))
  const step = chosen ?? opening
  const afterSwarm = (state: BackgroundState): void => setStep(state.phraseConfirmed ? 'done' : 'phrase')

  const content: { readonly [S in Step]: () => ReactNode } = {
    consent: () => <Consent onYes={() => setStep('share')} onNo={() => setStep('declined')} />,
    declined: () => <Declined onBack={() => setStep('consent')} />,
    share: () => <Share onBack={() => setStep('consent')} onDone={() => setStep('swarm')} />,
    swarm: () => <Swarm onJoined={afterSwarm} onLater={() => background && afterSwarm(background)} />,
    phrase: () => <Phrase onDone={() => setStep('done')} />,
    done: () => <Done />,
  }
  return (
    <main className="onboarding" data-state={step ?? 'loading'}>
      <header className="onboarding-head">
        <Mark size={48} activity={step === 'declined' ? 'off' : 'idle'} />
        <p className="wordmark">{t('extName')}</p>
        <ol className="steps" aria-label={t('stepsTitle')}>
          {shownSteps.map(([name, text]) => (
            <li key={name} aria-current={name === step ? 'step' : undefined} data-passed={isPassed(name, step)}>
              {t(text)}
            </li>
          ))}
        </ol>
      </header>
      <ErrorNote error={trouble} />
      {step && content[step]()}
    </main>
  )
}

const isPassed = (name: Step, step: Step | null): boolean =>
  step === 'done' || shownSteps.findIndex(([n]) => n === name) < shownSteps.findIndex(([n]) => n === step)
