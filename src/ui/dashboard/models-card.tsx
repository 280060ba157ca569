/** The models of the swarm: which are here, which are on their way, and a button to fetch one beforehand. */
import type { ModelView } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { Card, Progress } from '../components/parts.tsx'
import { formatBytes } from '../format.ts'
import { t } from '../i18n.ts'
import { useRequest, useUi } from '../ui-context.ts'

export const ModelsCard = ({ models }: { readonly models: readonly ModelView[] }) => (
  <Card id="models" title={t('modelsTitle')} icon="memory">
    {models.length === 0 && <p className="note">{t('modelsNone')}</p>}
    <ul className="rows">
      {models.map((model) => (
        <Model key={model.name} model={model} />
      ))}
    </ul>
  </Card>
)

const Model = ({ model }: { readonly model: ModelView }) => {
  const ui = useUi()
  const { busy, error, run } = useRequest()
  return (
    <li data-testid="model" data-model={model.name} data-model-state={model.state}>
      <strong>{model.name}</strong>
      {model.state === 'absent' || model.state === 'failed' ? (
        <button
          type="button"
          className="link"
          data-testid="model-prepare"
          disabled={busy}
          aria-label={t('modelFetchNamed', model.name)}
          onClick={() => void run(() => ui.agent.call('prepareModel', { model: model.name }))}
        >
          {t('modelFetch')}
        </button>
      ) : (
        <span>{model.state === 'ready' ? t('modelReady') : t('modelLoading')}</span>
      )}
      <small>{t('modelFacts', model.dimension, formatBytes(model.totalBytes))}</small>
      {model.state === 'loading' && <Progress value={model.loadedBytes} max={model.totalBytes} label={t('modelProgress', model.name)} />}
      {model.state === 'failed' && model.why && !error && <ErrorNote error={{ type: model.why === 'failed' ? 'model-failed' : model.why, detail: '' }} />}
      <ErrorNote error={error} />
    </li>
  )
}
