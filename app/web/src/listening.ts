// Who is told of what happens on each account that is followed. Their script is loaded after the
// page's, so that they hear later what has happened meanwhile.
import type { LiveEvent } from 'paddock-live'

export interface Listener {
  event(e: LiveEvent): unknown
  /** Events of the account come from now on. */
  following(account: string): unknown
  /** The account's log has begun anew. */
  reset(account: string): unknown
}

const most = 1000 // of what nobody has heard yet
let listener: Listener | undefined
let early: ((to: Listener) => unknown)[] = []

export function hand(tell: (to: Listener) => unknown) {
  if (listener) return void tell(listener)
  early.push(tell)
  if (early.length > most) early.shift()
}

/** Hands on what happens, until the function that it returns is called. */
export function listen(to: Listener) {
  listener = to
  for (const tell of early.splice(0)) tell(to)
  return () => {
    if (listener === to) listener = undefined
  }
}

/** What nobody has heard is not for who signs in next. */
export function forgetEarly() {
  early = []
}
