/** Before the yes: what it costs at most, what one has, and who will be able to read the texts. */
import { ErrorNote } from '../components/error-note.tsx'
import { Icon } from '../components/icon.tsx'
import { formatCredits, formatPrice } from '../format.ts'
import { t, tn } from '../i18n.ts'
import type { QuoteState } from './use-quote.ts'

export const enoughFor = ({ quote }: QuoteState & { readonly name: 'ready' }): boolean => quote.maxCostMicro <= quote.availableMicro

export const QuotePanel = ({ state, redundancy }: { readonly state: QuoteState; readonly redundancy: number }) => (
  <div className="quote" data-testid="quote" data-state={state.name} aria-live="polite" aria-busy={state.name === 'asking'}>
    {state.name === 'none' && <p className="note">{t('quoteNone')}</p>}
    {state.name === 'asking' && <p className="note">{t('quoteAsking')}</p>}
    {state.name === 'error' && <ErrorNote error={state.error} />}
    {state.name === 'ready' && (
      <>
        <p className="price" data-micro={state.quote.maxCostMicro}>
          <span>{t('quoteAtMost')}</span> <strong>{formatPrice(state.quote.maxCostMicro)}</strong> <span>{t('creditsUnit')}</span>
        </p>
        <p className="note">{t('quoteYouHave', formatCredits(state.quote.availableMicro))}</p>
        <p className="readers" data-testid="readers">
          <Icon name="eye" />
          {tn('quoteReaders', redundancy)}
        </p>
        {!enoughFor(state) && <ErrorNote error={{ type: 'insufficient-credits', detail: '' }} />}
        {state.quote.workersSeen < redundancy && <p className="note warn">{tn('quoteFewWorkers', state.quote.workersSeen, redundancy)}</p>}
      </>
    )}
  </div>
)
