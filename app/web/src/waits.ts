// How long sign-in says to wait. Better Auth's client hands an error on without the headers of its answer.
import { retryAfter } from './api'

let last: number | undefined

/** Keeps what an answer that was refused says. */
export function noteWait(response: Response) {
  last = response.status === 429 ? retryAfter(response) : undefined
}

/** In how many seconds what was refused last may be tried again. */
export const lastWait = () => last
