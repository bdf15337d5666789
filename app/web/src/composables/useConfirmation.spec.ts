// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { defineComponent, h } from 'vue'
import { useAccounts } from '../stores/accounts'
import { click, isThere, settled, show, useComponentTests } from '../testing/mount'
import { useConfirmation } from './useConfirmation'

useComponentTests()

let ask: ReturnType<typeof useConfirmation>
const Asking = defineComponent({
  setup() {
    ask = useConfirmation()
    return () => h('div')
  },
})

/** Asks, does something, and returns the answer. */
async function answerAfter(act: () => unknown) {
  await show(Asking)
  const answer = ask({ header: 'Delete', message: 'Really?', accept: 'Yes', danger: true })
  await settled()
  await act()
  await settled()
  return answer
}

describe('a question', () => {
  it.each([
    ['confirm-accept', true],
    ['confirm-reject', false],
  ])('is answered by a button: %s', async (button, answer) => {
    expect(await answerAfter(() => click(button))).toBe(answer)
    expect(isThere('confirm-accept')).toBe(false)
  })

  it('is answered with no when another account is selected', async () => {
    expect(await answerAfter(() => useAccounts().select('b'))).toBe(false)
    expect(isThere('confirm-accept')).toBe(false)
  })

  it('is answered with no when its dialog is closed', async () => {
    const close = () => document.querySelector<HTMLElement>('.p-dialog-close-button')!.click()
    expect(await answerAfter(close)).toBe(false)
  })
})
