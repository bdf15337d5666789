// A step-up: somebody who is signed in shows again that it is them.
import { ref } from 'vue'
import { api } from './api'

let answer: (shown: boolean) => void = () => {}
let asked: Promise<boolean> | null = null

/** Whether the dialog asks at the moment. */
export const asking = ref(false)

/** Has the dialog ask, once for all who wait, and returns whether the password or a code was given. */
export function askStepUp(): Promise<boolean> {
  asked ??= new Promise<boolean>((resolve) => {
    asking.value = true
    answer = (shown) => {
      asking.value = false
      asked = null
      resolve(shown)
    }
  })
  return asked
}

/** Ends the asking. */
export const endStepUp = (shown: boolean) => answer(shown)

/** Asks if what was shown would not suffice for half a minute more, for what cannot be sent again. */
export async function ensureStepUp(): Promise<boolean> {
  const until = await api.steppedUpUntil()
  return until.getTime() > Date.now() + 30_000 || askStepUp()
}
