/** The typed confirmation of what nobody can undo: the digits by which the page names an account. */
import { shortId } from '../format.ts'

/** In whatever case, and with the spaces that come along when it is copied. */
export const isTyped = (typed: string, id: string): boolean => typed.trim().toLowerCase() === shortId(id)
