import { describe, expect, it } from 'vitest'
import { arrange, changeable, isOpen, isReplaceable, isUnknown, line, replacement, terms } from './orders'
import { anOrder } from './testing/fixtures'
import type { Order } from './types'

const order = (change: Partial<Order>) => anOrder({ alpaca_order_id: 'at-alpaca', ...change })

describe('an order in words', () => {
  it.each<[Partial<Order>, string]>([
    [{}, 'market'],
    [{ type: 'limit', limit_price: '190.5' }, 'limit 190.50'],
    [{ type: 'stop', stop_price: '180' }, 'stop 180.00'],
    [{ type: 'stop_limit', stop_price: '180', limit_price: '179' }, 'stop limit 180.00 → 179.00'],
    [{ type: 'trailing_stop', trail_price: '2' }, 'trailing stop by 2.00'],
    [{ type: 'trailing_stop', trail_percent: '1.5', stop_price: '185.2' }, 'trailing stop by 1.5 % at 185.20'],
    [{ type: null }, ''],
  ])('%o', (change, words) => expect(terms(order(change))).toBe(words))
  it('names the sum where there is no quantity', () =>
    expect(line(order({ qty: null, notional: '250' }))).toBe('buy $250.00 AAPL market'))
})

describe('what can be done to an order', () => {
  it.each<[Partial<Order>, boolean, boolean, boolean]>([
    [{ status: 'new' }, true, true, false],
    [{ status: 'held' }, true, true, false],
    [{ status: 'pending_replace' }, true, false, false],
    [{ status: 'filled' }, false, false, false],
    [{ status: 'submitting', intent_state: 'submitting', alpaca_order_id: null }, false, false, false],
    [{ status: 'unknown', intent_state: 'unknown', alpaca_order_id: null }, false, false, true],
    [{ status: 'rejected', intent_state: 'dismissed', alpaca_order_id: null }, false, false, false],
  ])('%o', (change, open, replaceable, unknown) => {
    const o = order(change)
    expect([isOpen(o), isReplaceable(o), isUnknown(o)]).toEqual([open, replaceable, unknown])
  })
})

describe('the list of orders', () => {
  const at = (id: string, change: Partial<Order> = {}) => order({ id, alpaca_order_id: `alpaca-${id}`, ...change })
  const shown = (orders: Order[]) =>
    arrange(orders)
      .part(0, orders.length)
      .map((r) => `${r.leg ? '> ' : ''}${r.order.id}${r.instead ? ` for ${r.instead.id}` : ''}`)

  it('has legs under their order, whatever came between', () => {
    expect(shown([at('leg', { parent_alpaca_order_id: 'alpaca-parent' }), at('other'), at('parent')])).toEqual([
      'other',
      'parent',
      '> leg',
    ])
  })
  it('shows a leg whose order is not on the page, and what is not at Alpaca', () => {
    expect(
      shown([at('leg', { parent_alpaca_order_id: 'alpaca-older' }), order({ id: 'sent', alpaca_order_id: null })]),
    ).toEqual(['leg', 'sent'])
  })
  it('tells what a replaced order was', () => {
    expect(shown([at('new', { replaces: 'alpaca-old' }), at('old', { status: 'replaced' })])).toEqual([
      'new for old',
      'old',
    ])
  })
})

describe('a replacement', () => {
  const limit = order({ type: 'limit', limit_price: '190.5' })
  it('is empty as long as nothing is changed', () => expect(replacement(limit, changeable(limit))).toEqual({}))
  it('has what differs, and that alone', () => {
    expect(replacement(limit, { ...changeable(limit), qty: '5', time_in_force: 'gtc' })).toEqual({
      qty: '5',
      time_in_force: 'gtc',
    })
  })
  it('trails by what the order trails by, and leaves the price that follows from it', () => {
    const trailing = order({ type: 'trailing_stop', trail_percent: '1.5', stop_price: '185' })
    expect(replacement(trailing, { ...changeable(trailing), trail: '2' })).toEqual({ trail: '2' })
  })
})
