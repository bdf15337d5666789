// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { reactive } from 'vue'
import { useAccounts } from '../stores/accounts'
import { at, choose, click, isThere, requests, settled, show, text, useComponentTests } from '../testing/mount'
import type { TradingPosition } from '../types'
import JournalPage from './JournalPage.vue'

const route = reactive({ path: '/journal', query: {} as Record<string, string> })
const replace = vi.fn()
vi.mock('vue-router', () => ({ useRoute: () => route, useRouter: () => ({ replace }) }))
useComponentTests()
beforeEach(() => (route.query = {}))

const trip = (change: Partial<TradingPosition> = {}) =>
  ({
    id: 'x',
    scope: 'account',
    scope_value: null,
    symbol: 'AAPL',
    direction: 'short',
    status: 'closed',
    opened_at: '2026-01-01T00:00:00.000000Z',
    closed_at: '2026-01-02T00:00:00.000000Z',
    qty: '0',
    max_qty: '10',
    entry_qty: '10',
    entry_notional: '2000',
    avg_entry_price: '200',
    exit_qty: '10',
    exit_notional: '1900',
    avg_exit_price: '190',
    held_cost: '0',
    avg_held_price: null,
    multiplier: '1',
    realized_pl: '100',
    fees: '20',
    net_pl: '80',
    fills: 2,
    complete: true,
    incomplete_reason: null,
    ...change,
  }) as TradingPosition
const shown = () => text('trip-AAPL')
const answer = (trips: TradingPosition[], account = 'a') =>
  requests('GET', '/api/trading-positions')
    .find((q) => q.account === account)!
    .answer({ trading_positions: trips, next_cursor: null })
const asked = (path: string) => new URLSearchParams(requests('GET', path)[0]!.url.split('?')[1])
const file = (id: string) => new URLSearchParams(at(id).getAttribute('href')!.split('?')[1])

describe('the journal', () => {
  it.each([
    ['of what was sold short', {}, '+100.00 +5 %', '+80.00 +4 %'],
    [
      'of a hundred shares a contract',
      { multiplier: '100', realized_pl: '10000', net_pl: '9980' },
      '+10,000.00 +5 %',
      '+9,980.00 +4.99 %',
    ],
    [
      'of the part that was closed',
      { status: 'open' as const, closed_at: null, held_cost: '1500' },
      '+100.00 +20 %',
      '+80.00 +16 %',
    ],
    ['and none of nothing', { entry_notional: '0' }, '+100.00', '+80.00'],
    ['and none where the profit is not known', { complete: false, realized_pl: null, net_pl: null }, 'incomplete', '–'],
  ])('has the per cent %s', async (_, change, profit, net) => {
    await show(JournalPage)
    await answer([trip(change)])
    const cells = [...at('trip-AAPL').querySelectorAll('td')]
    const of = (name: string) =>
      cells
        .find((c) => c.dataset.name === name)!
        .textContent!.replace(/\s+/g, ' ')
        .trim()
    expect([of('profit'), of('net')]).toEqual([profit, net])
  })

  it('shows what was closed in a time, as files have it, until all is asked for', async () => {
    route.query = { status: 'closed', symbol: 'AAPL', from: '2026-01-01T05:00:00Z', to: '2026-02-01T05:00:00Z' }
    await show(JournalPage)
    expect(asked('/api/trading-positions').get('from')).toBe('2026-01-01T05:00:00Z')
    expect(text('journal-period')).toMatch(/^Closed from .* until /)
    expect(Object.fromEntries(file('csv-round-trips'))).toEqual({ ...route.query, scope: 'account', account_id: 'a' })
    expect(Object.fromEntries(file('csv-executions'))).toEqual({ symbol: 'AAPL', account_id: 'a' })
    await click('journal-always')
    expect(asked('/api/trading-positions').has('from')).toBe(false)
    expect(isThere('journal-period')).toBe(false)
    expect(file('csv-round-trips').has('to')).toBe(false)
  })

  it('names sleeves, and leaves them with their account', async () => {
    await show(JournalPage)
    await choose('journal-scope', 'sleeve')
    await requests('GET', '/api/sleeves')[0]!.answer({ sleeves: [{ id: 's1', name: 'Momentum' }] })
    const select = at<HTMLSelectElement>('sleeve-select')
    select.value = 's1'
    select.dispatchEvent(new Event('change'))
    await settled()
    expect(asked('/api/trading-positions').get('scope_value')).toBe('s1')
    await answer([trip({ scope: 'sleeve', scope_value: 's1' })])
    expect(shown()).toContain('Momentum')
    useAccounts().select('b')
    await settled()
    expect(requests('GET', '/api/trading-positions')[0]).toMatchObject({ account: 'b' })
    expect(asked('/api/trading-positions').has('scope_value')).toBe(false)
    expect(isThere('trip-AAPL')).toBe(false)
  })
})
