// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { useGuards } from '../stores/guards'
import { someGuards } from '../testing/fixtures'
import { check, fill, isThere, requests, show, submit, text, useComponentTests } from '../testing/mount'
import SwitchDialog from './SwitchDialog.vue'

useComponentTests()

const sent = () => requests('POST', '/api/guards/switch')
const done = { guards: someGuards({ switch: 'halted' }), steps: [{ name: 'switch', done: true }], wind_down: null }

describe('the dialog of the switch', () => {
  it('turns it, and nothing more unless that is chosen', async () => {
    const dialog = await show(SwitchDialog, { to: 'halted' })
    await submit('switch-form')
    await submit('switch-form')
    expect(sent().map((q) => [q.account, q.body])).toEqual([['a', { switch: 'halted' }]])
    await sent()[0]!.answer(done)
    expect(dialog.emitted('close')).toHaveLength(1)
    expect(useGuards().guards?.switch).toBe('halted')
  })

  it('cancels, closes and suspends where that is chosen', async () => {
    await show(SwitchDialog, { to: 'halted' })
    await fill('switch-reason', '  Earnings ')
    await check('switch-cancel-orders')
    await check('switch-liquidate')
    await check('switch-suspend')
    await submit('switch-form')
    expect(sent()[0]!.body).toEqual({
      switch: 'halted',
      reason: 'Earnings',
      cancel_orders: true,
      liquidate: true,
      suspend_trade: true,
    })
  })

  it('lifts Alpaca’s own switch when it opens, and closes nothing', async () => {
    await show(SwitchDialog, { to: 'open' })
    expect([isThere('switch-liquidate'), isThere('switch-cancel-orders')]).toEqual([false, false])
    await check('switch-suspend')
    await submit('switch-form')
    expect(sent()[0]!.body).toEqual({ switch: 'open', suspend_trade: false })
  })

  it('warns of real money', async () => {
    await show(SwitchDialog, { to: 'halted' }, { environment: 'live' })
    expect(text('switch-form')).not.toContain('for real')
    await check('switch-liquidate')
    expect(text('switch-form')).toContain('This is a live account')
  })

  it('offers Alpaca’s own switch to nobody but the owner', async () => {
    await show(SwitchDialog, { to: 'halted' }, { role: 'trader' })
    expect(isThere('switch-suspend')).toBe(false)
    expect(text('switch-form')).toContain('only its owner can let more through again')
  })

  it('shows what could not be done, and goes under the same key after a lost answer', async () => {
    const dialog = await show(SwitchDialog, { to: 'halted' })
    await submit('switch-form')
    await sent()[0]!.lose()
    expect(text('switch-error')).toContain('cannot be reached')
    await submit('switch-form')
    expect(sent()[0]!.key).toBe(sent()[1]!.key)
    await sent()[0]!.answer({
      ...done,
      steps: [
        { name: 'switch', done: true },
        { name: 'suspend_trade', done: false, message: 'Alpaca refused it.' },
      ],
    })
    expect(text('switch-steps')).toContain('Alpaca’s own switch: Alpaca refused it.')
    expect(dialog.emitted('close')).toBeUndefined()
  })
})
