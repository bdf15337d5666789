// The dialog that asks before something is done is loaded when it is wanted first.
import { ref } from 'vue'

/** Whether the dialog is in the page, or on its way there. */
export const wanted = ref(false)

let there: Promise<void> | null = null
let come = () => {}
let fail = () => {}

/** Wants the dialog, and waits until it can be asked. */
export function theDialog(): Promise<void> {
  wanted.value = true
  return (there ??= new Promise((resolve, reject) => {
    come = resolve
    fail = reject
  }))
}

/** The dialog is in the page. */
export function dialogCame() {
  void theDialog()
  come()
}

/** The dialog could not be loaded, or is gone. */
export function dialogIsGone() {
  wanted.value = false
  fail()
  there = null
}
