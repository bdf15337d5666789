// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { useAccounts } from '../stores/accounts'
import { aToken } from '../testing/fixtures'
import { fill, isThere, requests, settled, show, submit, text, useComponentTests } from '../testing/mount'
import type { Account, Copy, Copying } from '../types'
import CopyingPage from './CopyingPage.vue'

useComponentTests()

const nothing: Copying = { offer: null, follows: [] }
const aCopy = (change: Partial<Copy>): Copy => ({
  id: 'c',
  follow_id: 'f',
  action: 'order',
  symbol: 'AAPL',
  side: 'buy',
  state: 'done',
  reason: null,
  led_at: '2026-01-01T00:00:00Z',
  leader_filled_at: null,
  leader_price: null,
  order_id: null,
  order_status: 'filled',
  sent_at: null,
  filled_at: null,
  amount: '2',
  filled_qty: null,
  filled_avg_price: null,
  lag_ms: 12,
  ...change,
})

async function open(copying: Copying = nothing, copies: Copy[] = [], account: Partial<Account> = {}) {
  await show(CopyingPage, {}, account)
  await requests('GET', '/api/copying')[0]!.answer(copying)
  await requests('GET', '/api/copies')[0]!.answer({ copies, next_cursor: null })
  await requests('GET', '/api/copies/led')[0]!.answer({ led: [], next_cursor: null })
  for (const q of requests('GET', '/api/tokens')) await q.answer({ tokens: [aToken({ id: 't', name: 'Copier' })] })
}

describe('copying', () => {
  it('shows the code of an offer once, and not with another account', async () => {
    await open()
    await fill('offer-name', 'Swing')
    await submit0()
    await requests('POST', '/api/copying/offer')[0]!.answer(
      { id: 'o', name: 'Swing', copy_code: 'pdkcopy_SECRET' },
      201,
    )
    const offer = { id: 'o', name: 'Swing', made_at: '2026-01-01T00:00:00Z', followers: 3 }
    await requests('GET', '/api/copying')[0]!.answer({ offer, follows: [] })
    expect(text('copy-offer')).toContain('3 follow now')
    expect(text('copy-code')).toContain('pdkcopy_SECRET')
    useAccounts().select('b')
    await settled()
    expect(document.documentElement.innerHTML).not.toContain('pdkcopy_SECRET')
  })

  it('follows by a token whose limits hold, at the ratio that was typed', async () => {
    await open()
    await fill('follow-code', ' pdkcopy_X ')
    await fill('follow-token', 't')
    await fill('follow-ratio', '0.5')
    await submit('follow-form')
    const [sent] = requests('POST', '/api/copying/follows')
    expect([sent!.account, sent!.body]).toEqual(['a', { copy_code: 'pdkcopy_X', token_id: 't', ratio: '0.5' }])
  })

  it('says why a copy was not made', async () => {
    await open(nothing, [
      aCopy({ id: '1' }),
      aCopy({ id: '2', state: 'skipped', reason: 'too_small', order_status: null, lag_ms: null }),
      aCopy({ id: '3', state: 'failed', reason: 'guard_refused', order_status: null, lag_ms: null }),
    ])
    for (const words of ['filled, 12 ms after', 'not made: rounded down', 'not sent: a guard refused it'])
      expect(text('copies')).toContain(words)
  })

  it('is a viewer’s to see alone', async () => {
    await open(nothing, [], { role: 'viewer' })
    expect([isThere('follow-form'), isThere('offer-submit')]).toEqual([false, false])
    expect(text('copying')).toContain('Your role is viewer')
  })
})

/** The form of the offer has no id of its own. */
async function submit0() {
  document
    .querySelector('[data-testid="offer-name"]')!
    .closest('form')!
    .dispatchEvent(new Event('submit', { cancelable: true }))
  await settled()
}
