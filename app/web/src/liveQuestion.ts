// What is asked before something is done with real money, by the one dialog that the console has for it.
import { shallowRef } from 'vue'
import type { OrderDraft, Preview } from './types'

export type Lines = { name: string; value: string }[]

/** Something that is to be done on a live account. */
export interface LiveAct {
  /** As rows of a name and a value, or as the order that it is. */
  what: Lines | { order: OrderDraft; preview: Preview | null }
  /** What the button says that agrees. */
  accept: string
  /** What it moves, in dollars, whichever way; null where that is not known. */
  worth: string | null
  /** What is typed to confirm what is large: a symbol, or the account's name. */
  typed: string
}

export interface LiveQuestion extends LiveAct {
  account: string
}

/** What is asked now, and who waits for the answer. */
export const question = shallowRef<LiveQuestion | null>(null)
let waits: ((yes: boolean) => void) | null = null

export function askLive(next: LiveQuestion): Promise<boolean> {
  answerLive(false) // what was asked before is not agreed to
  return new Promise((answered) => {
    question.value = next
    waits = answered
  })
}

export function answerLive(yes: boolean) {
  const then = waits
  question.value = waits = null
  then?.(yes)
}

/** Who is signed in, for what this browser keeps of each user. */
export const whose: { value?: string } = {}
