import { describe, expect, it } from 'vitest'
import { emptyTicket, malformed, missing, simple, toOrder, type Ticket } from './ticket'

const ticket = (change: Partial<Ticket>): Ticket => ({ ...emptyTicket(), symbol: ' aapl ', amount: '10', ...change })
const base = { symbol: 'AAPL', side: 'buy', time_in_force: 'day', qty: '10' }

describe('ticket', () => {
  it.each<[string, Partial<Ticket>, object]>([
    ['market', {}, { ...base, type: 'market' }],
    [
      'limit',
      { type: 'limit', limit: '190.5', tif: 'gtc' },
      { ...base, type: 'limit', limit_price: '190.5', time_in_force: 'gtc' },
    ],
    ['stop', { type: 'stop', stop: '180', side: 'sell' }, { ...base, side: 'sell', type: 'stop', stop_price: '180' }],
    [
      'stop limit',
      { type: 'stop_limit', stop: '180', limit: '179' },
      { ...base, type: 'stop_limit', stop_price: '180', limit_price: '179' },
    ],
    ['trail by dollars', { type: 'trailing_stop', trail: '2' }, { ...base, type: 'trailing_stop', trail_price: '2' }],
    [
      'trail by per cent',
      { type: 'trailing_stop', trailBy: 'percent', trail: '1.5' },
      { ...base, type: 'trailing_stop', trail_percent: '1.5' },
    ],
    [
      'dollars',
      { unit: 'dollars', amount: '250' },
      { symbol: 'AAPL', side: 'buy', time_in_force: 'day', type: 'market', notional: '250' },
    ],
    [
      'extended hours',
      { type: 'limit', limit: '190', extended: true },
      { ...base, type: 'limit', limit_price: '190', extended_hours: true },
    ],
    ['extended hours, of a market order', { extended: true }, { ...base, type: 'market' }],
    [
      'a bracket',
      { exits: 'after', takeProfit: '220', stopLoss: '170', stopLossLimit: '169' },
      {
        ...base,
        type: 'market',
        order_class: 'bracket',
        take_profit: { limit_price: '220' },
        stop_loss: { stop_price: '170', limit_price: '169' },
      },
    ],
    [
      'an oto with a gain',
      { exits: 'after', takeProfit: '220' },
      { ...base, type: 'market', order_class: 'oto', take_profit: { limit_price: '220' } },
    ],
    [
      'an oto with a loss',
      { exits: 'after', stopLoss: '170' },
      { ...base, type: 'market', order_class: 'oto', stop_loss: { stop_price: '170' } },
    ],
    [
      'an exit pair, whatever type stood there',
      { side: 'sell', type: 'stop', stop: '1', exits: 'pair', takeProfit: '220', stopLoss: '170' },
      {
        ...base,
        side: 'sell',
        type: 'limit',
        order_class: 'oco',
        take_profit: { limit_price: '220' },
        stop_loss: { stop_price: '170' },
      },
    ],
    [
      'what belongs to another type is left out',
      { limit: '1', stop: '2', trail: '3', takeProfit: '4', stopLoss: '5' },
      { ...base, type: 'market' },
    ],
  ])('%s', (_, change, order) => expect(toOrder(ticket(change))).toEqual(order))

  it.each<[Partial<Ticket>, string]>([
    [{ symbol: ' ', amount: '' }, 'Still to fill in: symbol, quantity.'],
    [{ type: 'stop_limit' }, 'Still to fill in: limit price, stop price.'],
    [{ type: 'trailing_stop' }, 'Still to fill in: trail.'],
    [{ exits: 'after' }, 'Still to fill in: a take profit, a stop loss, or both.'],
    [{ exits: 'after', takeProfit: '220', stopLossLimit: '169' }, 'Still to fill in: stop loss.'],
    [{ exits: 'pair', takeProfit: '220' }, 'Still to fill in: stop loss.'],
    [{ exits: 'after', takeProfit: '220', unit: 'dollars' }, 'An order with exits is for a quantity, not for dollars.'],
  ])('%o lacks something', (change, sentence) => {
    expect(missing(ticket(change))).toBe(sentence)
    expect(toOrder(ticket(change))).toBeNull()
  })

  it.each<[Partial<Ticket>, string]>([
    [{ amount: '1e3' }, '1e3'],
    [{ type: 'limit', limit: '0' }, '0'],
    [{ exits: 'after', stopLoss: '1,5' }, '1,5'],
    [{ limit: 'of no market order' }, ''],
  ])('%o is malformed where it counts', (change, text) => {
    expect(malformed(ticket(change))).toBe(text)
    if (text) expect(toOrder(ticket(change))).toBeNull()
  })

  it('becomes simple again without a rest of what is no longer seen', () => {
    expect(
      simple(ticket({ type: 'stop', stop: '1', tif: 'fok', extended: true, exits: 'after', takeProfit: '2' })),
    ).toEqual(ticket({}))
    expect(simple(ticket({ unit: 'dollars', amount: '250' })).amount).toBe('')
    expect(simple(ticket({ type: 'limit', limit: '190', tif: 'gtc', trail: '1' }))).toEqual(
      ticket({ type: 'limit', limit: '190', tif: 'gtc' }),
    )
  })
})
