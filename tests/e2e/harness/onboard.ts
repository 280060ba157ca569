/** Goes through the first run as a person does, by clicking. */
import { byState, byTestId, type Screen } from './screen.ts'

export interface Onboarding {
  /** Without one, the swarm is left for later. */
  readonly link?: string
  readonly preset?: 'gentle' | 'standard' | 'all'
}

export const onboard = async (screen: Screen, { link, preset = 'standard' }: Onboarding = {}): Promise<void> => {
  await screen.waitFor(byState('consent'))
  await screen.click(byTestId('consent-yes'))
  await screen.waitFor(byState('share'))
  await screen.click(byTestId(`preset-${preset}`))
  await screen.waitFor(byState('swarm'))
  if (link === undefined) await screen.click(byTestId('join-later'))
  else {
    await screen.fill(byTestId('link-input'), link)
    await screen.click(byTestId('join'))
  }
  await screen.waitFor(`${byState('phrase')}, ${byState('done')}`)
}
