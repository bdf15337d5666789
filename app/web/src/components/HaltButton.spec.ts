// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { useAccounts } from '../stores/accounts'
import { useNotices } from '../stores/notices'
import { someGuards } from '../testing/fixtures'
import { at, click, isThere, requests, settled, show, submit, text, useComponentTests } from '../testing/mount'
import type { Account, SwitchState } from '../types'
import HaltButton from './HaltButton.vue'

useComponentTests()

async function open(account: Partial<Account> = {}, state: SwitchState = 'open') {
  await show(HaltButton, {}, account)
  for (const q of requests('GET', '/api/guards')) await q.answer(someGuards({ switch: state }))
}
async function press(key: string, on: EventTarget = document.body, more: KeyboardEventInit = {}) {
  on.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }))
  await settled()
}

describe('the button that halts', () => {
  it('asks by the key h, and halts the account that is shown', async () => {
    await open()
    await press('h')
    expect(requests('POST', '/api/guards/switch')).toHaveLength(0)
    await submit('switch-form')
    const [sent] = requests('POST', '/api/guards/switch')
    expect([sent!.account, sent!.body]).toEqual(['a', { switch: 'halted' }])
    const guards = someGuards({ switch: 'halted' })
    await sent!.answer({ guards, steps: [{ name: 'switch', done: true }] })
    expect(at('halt').dataset.switch).toBe('halted')
    expect(text('halt')).toBe('Halted')
  })

  it.each([
    ['somebody types', () => document.body.appendChild(document.createElement('input')), {}],
    ['it is another shortcut', () => document.body, { ctrlKey: true }],
    ['the key is held', () => document.body, { repeat: true }],
  ] as const)('does not ask where %s', async (_, on, more) => {
    await open()
    await press('h', on(), more)
    expect(isThere('switch-form')).toBe(false)
  })

  it('opens again where it is halted, by its button and by no key', async () => {
    await open({}, 'halted')
    await press('h')
    expect(isThere('switch-form')).toBe(false)
    await click('halt')
    await submit('switch-form')
    expect(requests('POST', '/api/guards/switch')[0]!.body).toEqual({ switch: 'open' })
  })

  it.each([
    [{ role: 'viewer' }, 'open', 'viewer, only reads'],
    [{ role: 'trader' }, 'halted', 'Only an owner'],
  ] as const)('says why %j cannot, while it is %s', async (account, state, why) => {
    await open(account, state)
    await click('halt')
    expect(isThere('switch-form')).toBe(false)
    expect(
      useNotices()
        .shown.map((n) => n.detail)
        .join(),
    ).toContain(why)
  })

  it('says nothing of the account before', async () => {
    await open({}, 'halted')
    useAccounts().select('b')
    await settled()
    expect(text('halt')).toBe('Halt')
    expect(at('halt').dataset.switch).toBeUndefined()
  })
})
