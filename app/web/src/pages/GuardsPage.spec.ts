// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { anApproval, noLimits, someGuards } from '../testing/fixtures'
import { at, click, fill, isThere, requests, show, submit, text, useComponentTests } from '../testing/mount'
import type { Account, Guards } from '../types'
import GuardsPage from './GuardsPage.vue'

useComponentTests()

async function open(account: Partial<Account>, guards: Partial<Guards>) {
  await show(GuardsPage, {}, account)
  for (const q of requests('GET', '/api/guards')) await q.answer(someGuards(guards))
}

describe('the page of the guards', () => {
  it.each([
    ['owner', 'open', ['reduce_only', 'halted']],
    ['owner', 'halted', ['open', 'reduce_only']],
    ['trader', 'reduce_only', ['halted']],
    ['viewer', 'open', []],
  ] as const)('offers a %s, while the switch is %s, only what they may turn it to', async (role, state, offered) => {
    await open({ role }, { switch: state })
    expect(at('switch').dataset.switch).toBe(state)
    expect(['open', 'reduce_only', 'halted'].filter((to) => isThere(`turn-${to}`))).toEqual(offered)
    expect(isThere('edit-limits')).toBe(role === 'owner')
  })

  it('sets all limits, and changes none that was not touched', async () => {
    await open(
      {},
      {
        max_order_notional: '1000',
        allowed_symbols: ['AAPL'],
        orders_per_day: 50,
        approval_above: '2000',
        approvals_needed: 3,
        approval_seconds: 90,
        four_eyes: true,
      },
    )
    await click('edit-limits')
    await fill('limit-max_order_notional', '12e3')
    expect(at<HTMLButtonElement>('limits-submit').disabled).toBe(true)
    await fill('limit-max_order_notional', '500')
    await submit('limits-form')
    await submit('limits-form')
    const sent = requests('PUT', '/api/guards')
    expect(sent.map((q) => [q.account, q.body])).toEqual([
      [
        'a',
        {
          ...noLimits,
          max_order_notional: '500',
          allowed_symbols: ['AAPL'],
          orders_per_day: 50,
          approval_above: '2000',
          approvals_needed: 3,
          approval_seconds: 90,
          four_eyes: true,
        },
      ],
    ])
    await sent[0]!.answer(someGuards({ max_order_notional: '500' }))
    expect(text('limits')).toContain('$500.00')
  })

  it('keeps the form, and says why, where limits are refused', async () => {
    await open({}, {})
    await click('edit-limits')
    await submit('limits-form')
    await requests('PUT', '/api/guards')[0]!.answer(
      { code: 'forbidden', message: 'Only an owner sets limits.', request_id: '1' },
      403,
    )
    expect(text('limits-form')).toContain('Only an owner sets limits.')
  })

  it('says where another person must approve the change first, and that it is made again then', async () => {
    await open({}, { four_eyes: true })
    await click('edit-limits')
    await submit('limits-form')
    await requests('PUT', '/api/guards')[0]!.answer(
      { code: 'approval_needed', message: '', request_id: '1', details: { approval: anApproval({ kind: 'guards' }) } },
      409,
    )
    expect(text('limits-error')).toMatch(/another person must approve it first.*Make the same change again/)
    expect(at('limits-error').querySelector('[to="/approvals"]')).not.toBeNull()
    await submit('limits-form')
    expect(requests('PUT', '/api/guards')).toHaveLength(2)
  })

  it('shows how far a wind-down is', async () => {
    const wind_down = {
      id: 'w',
      state: 'stuck' as const,
      cancel_orders: true,
      liquidate: true,
      repair: null,
      message: 'Alpaca refuses it.',
      asked_by: null,
      asked_at: '',
      updated_at: '',
      ended_at: null,
      remaining: { positions: [{ symbol: 'AAPL', qty: '10' }] },
    }
    await open({}, { switch: 'halted', wind_down })
    expect(text('wind-down')).toBe('Closing all positions: needs you, left are positions in AAPL. Alpaca refuses it.')
  })
})
