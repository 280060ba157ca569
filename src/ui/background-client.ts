/** Commands to the background by runtime message, which wakes the service worker. `send` is the browser's own. */
import { err, ok, type Result } from '../lib/result.ts'
import type { BackgroundCommand, BackgroundCommands, UiError } from '../messages/view.ts'
import { fieldsOf, isUiError } from './channel.ts'

type Answer<C extends BackgroundCommand> = BackgroundCommands[C]['answer']

export interface BackgroundClient {
  readonly call: <C extends BackgroundCommand>(command: C, args: BackgroundCommands[C]['args']) => Promise<Result<Answer<C>, UiError>>
}

export const createBackgroundClient = (send: (message: unknown) => Promise<unknown>): BackgroundClient => ({
  call: async <C extends BackgroundCommand>(command: C, args: BackgroundCommands[C]['args']) => {
    try {
      const answer = fieldsOf(await send({ command, args }))
      if (answer && 'ok' in answer) return ok(answer.ok as Answer<C>)
      return err(isUiError(answer?.error) ? answer.error : { type: 'background-unreachable', detail: '' })
    } catch (cause) {
      return err({ type: 'background-unreachable', detail: cause instanceof Error ? cause.message : '' })
    }
  },
})
