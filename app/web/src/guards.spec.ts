import { describe, expect, it } from 'vitest'
import { closedWords, fromForm, guardNotice, lines, mayTurn, toForm, wrong } from './guards'
import { noLimits } from './testing/fixtures'
import type { Closed, Guards, Limits } from './types'

const all: Limits = {
  max_order_notional: '1000.5',
  max_position_notional: '5000',
  max_position_qty: '0',
  daily_loss_limit: '250',
  max_open_orders: 0,
  orders_per_minute: 3,
  orders_per_day: 100,
  max_drawdown: '500',
  max_refusals: 5,
  heartbeat_seconds: 60,
  allowed_symbols: ['AAPL', 'BRK.B'],
  allowed_sides: ['buy'],
  buy_back_overshoot: true,
  approval_above: '500',
  approvals_needed: 2,
  approval_seconds: 5400,
  four_eyes: true,
}

describe('the form of the limits', () => {
  it.each([
    ['none', noLimits],
    ['all', all],
    ['nothing allowed', { ...noLimits, allowed_symbols: [], allowed_sides: [] }],
  ])('gives back what it was made of: %s', (_, limits) => {
    expect(fromForm(toForm(limits))).toEqual(limits)
  })
  it.each([60, 61, 3600, 5400, 604_800])('gives back how long an approval waits: %i s', (approval_seconds) => {
    expect(fromForm(toForm({ ...noLimits, approval_seconds })).approval_seconds).toBe(approval_seconds)
  })
  it('reads symbols as people write them', () => {
    expect(fromForm({ ...toForm(noLimits), onlySymbols: true, symbols: ' aapl spy;btc/usd,' }).allowed_symbols).toEqual(
      ['AAPL', 'SPY', 'BTC/USD'],
    )
  })
  it.each([
    [{}, ''],
    [{ max_order_notional: '1e3' }, 'Value of an order'],
    [{ daily_loss_limit: '-1' }, 'Loss of a day'],
    [{ orders_per_day: '1.5' }, 'Orders a day'],
    [{ max_open_orders: '1000001' }, 'Open orders'],
    [{ max_position_qty: '0' }, ''],
    [{ max_drawdown: 'x' }, 'Drawdown'],
    [{ max_refusals: '0' }, 'Refusals in a row'],
    [{ max_refusals: '1' }, ''],
    [{ heartbeat_seconds: '4' }, 'Heartbeat'],
    [{ heartbeat_seconds: '86401' }, 'Heartbeat'],
    [{ heartbeat_seconds: '5' }, ''],
    [{ approval_above: '0' }, ''],
    [{ approval_above: '-1' }, 'Orders wait for approval above'],
    [{ approvals_needed: '0' }, 'Approvals needed'],
    [{ approvals_needed: '11' }, 'Approvals needed'],
    [{ approvalWait: '59', approvalUnit: 'seconds' as const }, 'How long it waits'],
    [{ approvalWait: '60', approvalUnit: 'seconds' as const }, ''],
    [{ approvalWait: '10081', approvalUnit: 'minutes' as const }, 'How long it waits'],
    [{ approvalWait: '1.5', approvalUnit: 'minutes' as const }, 'How long it waits'],
    [{ approvalWait: '10080', approvalUnit: 'minutes' as const }, ''],
  ])('%o', (change, name) => {
    const said = wrong({ ...toForm(noLimits), ...change })
    expect(name ? said.startsWith(name) : said === '').toBe(true)
  })
})

describe('the switch', () => {
  it.each([
    ['owner', 'halted', 'open', true],
    ['owner', 'open', 'halted', true],
    ['trader', 'open', 'reduce_only', true],
    ['trader', 'reduce_only', 'halted', true],
    ['trader', 'halted', 'reduce_only', false],
    ['trader', 'reduce_only', 'open', false],
    ['viewer', 'open', 'halted', false],
    ['owner', 'open', 'open', false],
  ] as const)('a %s may turn it from %s to %s: %s', (role, from, to, may) => expect(mayTurn(role, from, to)).toBe(may))
})

describe('guards in words', () => {
  const guards = (limits: Limits) =>
    ({
      ...limits,
      usage: {
        open_orders: 1,
        orders_last_minute: 3,
        orders_today: 4,
        refusals_in_a_row: 5,
        heartbeat_missing: limits.heartbeat_seconds != null,
        high_water_mark: '10000',
      },
    }) as Guards
  it('shows usage beside the limit, and where it is used up', () => {
    const found = (g: Guards, name: string) => lines(g).find((l) => l.name === name)
    expect(found(guards(all), 'Orders a minute')).toEqual({
      name: 'Orders a minute',
      limit: '3',
      used: '3',
      full: true,
    })
    expect(found(guards(all), 'Open orders')).toMatchObject({ limit: '0', full: true })
    expect(found(guards(all), 'Orders a day')).toMatchObject({ full: false })
    expect(found(guards(all), 'Refusals in a row')).toMatchObject({ limit: '5', used: '5', full: true })
    expect(found(guards(all), 'Heartbeat')).toMatchObject({ limit: 'every 60 s', used: 'missing', full: true })
    expect(found(guards(noLimits), 'Heartbeat')).toMatchObject({ limit: 'none', full: false })
    expect(found(guards(all), 'Drawdown')).toMatchObject({ limit: '$500.00', used: 'from $10,000.00' })
    expect(found(guards(noLimits), 'Orders a day')).toMatchObject({ limit: 'none', used: '4', full: false })
    expect(found(guards({ ...noLimits, allowed_sides: [] }), 'Sides')).toMatchObject({ limit: 'none may be opened' })
  })
  it('tells what became of each position', () => {
    const closed = (status: number, body: object) => closedWords({ symbol: 'AAPL', status, body } as Closed)
    expect(closed(200, { status: 'pending_new' })).toBe('Order sent; Alpaca says: pending new.')
    expect(closed(202, { status: 'submitting' })).toMatch(/answer was lost/)
    expect(closed(422, { code: 'order_rejected', message: 'Alpaca refused it.' })).toBe('Alpaca refused it.')
  })
  it('tells of events with the account they are of', () => {
    const violation = { guard: 'max_order_notional', limit: '1', value: '2', message: 'Too much.' } as const
    expect(
      guardNotice({ event: 'refused', violations: [violation], request: { side: 'buy', symbol: 'AAPL' } }, 'Mine'),
    ).toEqual({ severity: 'warn', summary: 'Refused: buy AAPL', detail: 'Too much. · Mine' })
    expect(guardNotice({ event: 'switch', switch: 'halted', reason: 'Lunch' }, 'Mine')).toEqual({
      severity: 'warn',
      summary: 'Trading is halted',
      detail: 'Lunch · Mine',
    })
    expect(guardNotice({ event: 'switch', switch: 'open', reason: null }, 'Mine')).toMatchObject({
      severity: 'info',
      detail: 'Mine',
    })
    const down = {
      id: 'w',
      state: 'stuck' as const,
      cancel_orders: true,
      liquidate: true,
      repair: null,
      message: 'Alpaca refuses it.',
      asked_by: 'u',
      asked_at: '',
      updated_at: '',
      ended_at: null,
      remaining: { orders: 0, on_their_way: 0, positions: [{ symbol: 'AAPL', qty: '10' }] },
    }
    expect(guardNotice({ event: 'wind_down', wind_down: down }, 'Mine')).toEqual({
      severity: 'warn',
      summary: 'Closing all positions: needs you, left are positions in AAPL',
      detail: 'Alpaca refuses it. · Mine',
    })
    expect(guardNotice({ event: 'changed', limits: noLimits }, 'Mine').summary).toBe('The limits were changed')
  })
})
