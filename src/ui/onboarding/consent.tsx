/** What the extension does with the computer, what others see, what stays, what it never does; then a clear yes or no. */
import { Icon, type IconName } from '../components/icon.tsx'
import { type MessageKey, t } from '../i18n.ts'
import { StepHeading } from './step-heading.tsx'

type Point = readonly [icon: IconName, title: MessageKey, text: MessageKey]

const groups: readonly { readonly title: MessageKey; readonly points: readonly Point[] }[] = [
  {
    title: 'consentUses',
    points: [
      ['cpu', 'consentCpu', 'consentCpuText'],
      ['memory', 'consentMemory', 'consentMemoryText'],
      ['disk', 'consentDisk', 'consentDiskText'],
      ['data', 'consentData', 'consentDataText'],
    ],
  },
  {
    title: 'consentOthers',
    points: [
      ['eye', 'consentAddress', 'consentAddressText'],
      ['file', 'consentTexts', 'consentTextsText'],
    ],
  },
  {
    title: 'consentKept',
    points: [
      ['book', 'consentLedger', 'consentLedgerText'],
      ['coin', 'consentCredits', 'consentCreditsText'],
      ['people', 'consentWitnesses', 'consentWitnessesText'],
    ],
  },
]

export const Consent = ({ onYes, onNo }: { readonly onYes: () => void; readonly onNo: () => void }) => (
  <>
    <StepHeading title={t('consentTitle')} lead={t('consentLead')} />
    {groups.map(({ title, points }) => (
      <section key={title} className="points" aria-label={t(title)}>
        <h2>{t(title)}</h2>
        <dl>
          {points.map(([icon, name, text]) => (
            <div key={name}>
              <dt>
                <Icon name={icon} />
                {t(name)}
              </dt>
              <dd>{t(text)}</dd>
            </div>
          ))}
        </dl>
      </section>
    ))}
    <section className="never" aria-label={t('consentNever')}>
      <h2>
        <Icon name="never" />
        {t('consentNever')}
      </h2>
      <p>{t('consentNeverText')}</p>
    </section>
    <section className="question" aria-label={t('consentQuestion')}>
      <h2>{t('consentQuestion')}</h2>
      <p>{t('consentQuestionText')}</p>
      <div className="actions">
        <button type="button" className="button" data-testid="consent-yes" onClick={onYes}>
          {t('consentYes')}
        </button>
        <button type="button" className="button quiet" data-testid="consent-no" onClick={onNo}>
          {t('consentNo')}
        </button>
      </div>
    </section>
  </>
)
