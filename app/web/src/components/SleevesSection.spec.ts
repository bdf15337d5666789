// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { useAccounts } from '../stores/accounts'
import { aSleeve, aToken } from '../testing/fixtures'
import { at, click, fill, isThere, requests, settled, show, submit, text, useComponentTests } from '../testing/mount'
import type { Account, Sleeve } from '../types'
import SleevesSection from './SleevesSection.vue'

useComponentTests()

const answer = (sleeves: Sleeve[], cash: string | null = '1000') => ({
  sleeves,
  unassigned: { cash, positions: [], as_of: null },
})
async function open(sleeves: Sleeve[], account: Partial<Account> = {}) {
  await show(SleevesSection, {}, account)
  for (const q of requests('GET', '/api/sleeves')) await q.answer(answer(sleeves))
  for (const q of requests('GET', '/api/tokens'))
    await q.answer({ tokens: [aToken({ name: 'Bound', sleeves: ['s'] })] })
}
const momentum = aSleeve({
  cash: '250.5',
  reserved: '100',
  available: '150.5',
  equity: '1250.5',
  realized_pl: '-12.3',
  max_order_notional: '500',
  positions: [{ symbol: 'AAPL', qty: '5', cost: '900', market_value: '1000', unrealized_pl: '100' }],
})

describe('the sleeves', () => {
  it('are shown with what they have, earned and hold, and which tokens are in them', async () => {
    await open([momentum])
    const said = text('sleeve-Momentum')
    for (const part of [
      '$250.50',
      '$100.00',
      '$1,250.50',
      '−12.30',
      '5 AAPL ($1,000.00)',
      'order at most $500.00',
      'Bound',
    ])
      expect(said).toContain(part)
    expect(text('unassigned')).toContain('$1,000.00')
  })

  it('take cash: what is unassigned is shown before and after, and the same request goes under one key', async () => {
    await open([momentum])
    await click('move-Momentum')
    for (const q of requests('GET', '/api/sleeves')) await q.answer(answer([momentum]))
    await fill('move-amount', '400.25')
    expect(text('move-cash')).toMatch(/unassigned\$1,000\.00 → \$599\.75.*Momentum\$250\.50 → \$650\.75/)
    await submit('move-form')
    const [first] = requests('POST', '/api/sleeve-transfers')
    expect(first!.body).toEqual({ to_sleeve_id: 's', amount: '400.25' })
    await first!.lose()
    await submit('move-form')
    expect(requests('POST', '/api/sleeve-transfers')[0]!.key).toBe(first!.key)
  })

  it('give no more than is there', async () => {
    await open([momentum])
    await click('move-Momentum')
    for (const q of requests('GET', '/api/sleeves')) await q.answer(answer([momentum]))
    await fill('move-amount', '1000.01')
    expect(text('move-mistake')).toContain('more than is unassigned')
    expect(at<HTMLButtonElement>('move-submit').disabled).toBe(true)
  })

  it('are changed in what was touched alone', async () => {
    await open([momentum])
    await click('edit-Momentum')
    await fill('sleeve-max_drawdown', '50')
    await submit('sleeve-form')
    const [sent] = requests('PATCH', '/api/sleeves/s')
    expect([sent!.account, sent!.body]).toEqual(['a', { max_drawdown: '50' }])
  })

  it('close what they hold, each by an order that can only close', async () => {
    await open([momentum])
    await click('liquidate-Momentum')
    expect(document.querySelector('.p-dialog')!.textContent).toContain('5 AAPL')
    await click('confirm-accept')
    const [sent] = requests('DELETE', '/api/positions/AAPL')
    expect(sent!.url).toContain('sleeve_id=s')
  })

  it('are a viewer’s to see, and only an owner’s to change', async () => {
    await open([momentum], { role: 'viewer' })
    expect(isThere('sleeve-Momentum')).toBe(true)
    for (const id of ['make-sleeve', 'move-Momentum', 'edit-Momentum', 'end-Momentum', 'liquidate-Momentum'])
      expect(isThere(id), id).toBe(false)
    expect(text('sleeves')).toContain('Your role is viewer: only an owner')
  })

  it('are none of the account before, also where the answer comes late', async () => {
    await show(SleevesSection)
    const late = requests('GET', '/api/sleeves')
    useAccounts().select('b')
    await settled()
    for (const q of late) await q.answer(answer([momentum]))
    expect(isThere('sleeve-Momentum')).toBe(false)
  })
})
