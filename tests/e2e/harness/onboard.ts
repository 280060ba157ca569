/** Goes through the first run as a person does, by clicking. */
import { byState, byTestId, type Screen } from './screen.ts'

export interface Onboarding {
  /** Without one, the swarm is left for later. */
  readonly link?: string
  readonly preset?: 'gentle' | 'standard' | 'all'
  /** Brings an identity back before the swarm is joined. */
  readonly phrase?: string
}

export const onboard = async (screen: Screen, { link, preset = 'standard', phrase }: Onboarding = {}): Promise<void> => {
  await screen.waitFor(byState('consent'))
  await screen.click(byTestId('consent-yes'))
  await screen.waitFor(byState('share'))
  await screen.click(byTestId(`preset-${preset}`))
  await screen.waitFor(byState('swarm'))
  if (phrase !== undefined) {
    await screen.click(byTestId('restore-open'))
    await screen.fill(byTestId('restore-input'), phrase)
    await screen.click(byTestId('restore'))
    await screen.waitFor(`${byTestId('restored')}:not(:empty)`)
  }
  if (link === undefined) await screen.click(byTestId('join-later'))
  else {
    await screen.fill(byTestId('link-input'), link)
    await screen.click(byTestId('join'))
  }
  await screen.waitFor(`${byState('phrase')}, ${byState('done')}`)
}
