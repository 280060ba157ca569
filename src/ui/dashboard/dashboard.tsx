/** The full page: hand in work, follow it, look at and search what came back; beside it credits, peers, work for others, settings. */
import { useState } from 'react'
import type { JobView } from '../../messages/view.ts'
import { ErrorNote } from '../components/error-note.tsx'
import { readinessOf } from '../status.ts'
import { useUiState } from '../ui-context.ts'
import { Announcer } from './announcer.tsx'
import { CreditsCard } from './credits-card.tsx'
import { HistoryCard } from './history-card.tsx'
import { resultTexts } from './job-end.ts'
import { JobForm } from './job-form.tsx'
import { Jobs } from './jobs.tsx'
import { ModelsCard } from './models-card.tsx'
import { Notice } from './notice.tsx'
import { PeersCard } from './peers-card.tsx'
import { ResultsCard } from './results-card.tsx'
import { LeftSwarms } from '../swarm/left-swarms.tsx'
import { MakeCard } from '../swarm/make-card.tsx'
import { SwarmCard } from '../swarm/swarm-card.tsx'
import { SettingsCard } from './settings-card.tsx'
import { TopBar } from './top-bar.tsx'
import { WorkCard } from './work-card.tsx'

export const Dashboard = () => {
  const state = useUiState((s) => s)
  const [opened, setOpened] = useState<string | null>(null)
  const { background, view, trouble } = state
  const readiness = readinessOf(state)
  const jobs = view?.jobs ?? []
  const shown = jobs.find((job) => job.id === opened && resultTexts(job) > 0) ?? newestDone(jobs)
  return (
    <>
      <TopBar />
      <main className="dashboard" data-state={readiness}>
        <div className="column">
          <ErrorNote error={trouble} />
          <Notice readiness={readiness} />
          {background?.consented && (
            <>
              {readiness === 'no-swarm' && (
                <>
                  {/* Once it is taken up the page shows the swarm instead of this. */}
                  <LeftSwarms left={background.left} onTakenUp={() => {}} />
                  <MakeCard />
                </>
              )}
              <JobForm readiness={readiness} onSubmitted={() => setOpened(null)} />
              {view && <Jobs jobs={jobs} opened={shown?.id ?? null} onOpen={setOpened} />}
              {shown && <ResultsCard key={shown.id} job={shown} />}
              {view?.swarm && <HistoryCard />}
            </>
          )}
        </div>
        {background?.consented && (
          <aside className="column">
            {view && <CreditsCard view={view} />}
            <SwarmCard background={background} view={view} />
            {view && (
              <>
                <WorkCard work={view.work} />
                <PeersCard view={view} />
                <ModelsCard models={view.models} />
              </>
            )}
            <SettingsCard background={background} lost={view?.lost ?? null} />
          </aside>
        )}
      </main>
      <Announcer jobs={jobs} />
    </>
  )
}

const newestDone = (jobs: readonly JobView[]): JobView | undefined =>
  jobs.filter((job) => job.state === 'done').sort((a, b) => b.createdMs - a.createdMs)[0]
