import { describe, expect, it } from 'vitest'
import { askedBy, momentsOf, slippageWords } from './orderTimeline'
import { anOrder } from './testing/fixtures'
import type { OrderTimeline } from './types'

const time = (minute: number) => `2026-01-05T12:${String(minute).padStart(2, '0')}:00.000000Z`
const timeline = (change: Partial<OrderTimeline> = {}): OrderTimeline => ({
  order: anOrder({ submitted_by: 'u', created_at: time(0) }),
  names: { u: 'Ann' },
  quote: null,
  slippage: null,
  executions: [],
  legs: [],
  parent: null,
  replaces: null,
  replaced_by: null,
  requests: [],
  ...change,
})

describe('what became of an order', () => {
  it('says who asked for it: oneself, somebody else, an API token by its name, or nobody here', () => {
    expect(askedBy(timeline(), 'u')).toBe('Asked for by you')
    expect(askedBy(timeline(), 'v')).toBe('Asked for by Ann')
    const token = anOrder({ submitted_by: 'u', token_id: 't' })
    expect(askedBy(timeline({ order: token, names: { u: 'Ann', t: 'Agent' } }))).toBe(
      'Asked for by the API token “Agent” of Ann',
    )
    expect(askedBy(timeline({ order: token, names: {} }))).toBe(
      'Asked for by an API token that is gone of somebody who has left Paddock',
    )
    expect(askedBy(timeline({ order: anOrder() }))).toBe('Placed elsewhere, and not through Paddock')
  })

  it('is told in the order of time, each execution with its quantity and price', () => {
    const order = anOrder({
      submitted_by: 'u',
      created_at: time(0),
      submitted_at: time(0),
      filled_at: time(4),
      filled_qty: '10',
      filled_avg_price: '100.05',
      status: 'filled',
      broker_request_id: 'alpacas',
    })
    const execution = (id: string, minute: number, state: 'live' | 'busted' = 'live') => ({
      id,
      qty: '5',
      price: '100.05',
      at: time(minute),
      state,
      previous_execution_id: null,
    })
    const told = momentsOf(
      timeline({
        order,
        quote: { bid: '100', ask: '100.02', asked_at: time(0) },
        executions: [execution('one', 2), execution('gone', 3, 'busted'), execution('two', 4)],
        requests: [
          { at: time(0), action: 'order.place', kind: 'user', actor: 'u', request_id: 'r1' },
          { at: time(1), action: 'order.cancel', kind: 'user', actor: 'w', request_id: 'r2' },
        ],
      }),
      'u',
    ).map((m) => [m.key, m.what, m.detail])
    expect(told).toEqual([
      ['asked', 'Asked for by you', 'Request r1'],
      ['quote', 'The market was at 100.00 bid, 100.02 asked', ''],
      ['taken', 'Alpaca took it', 'Alpaca’s request alpacas'],
      ['request-0', 'Cancellation asked for by user w', 'Request r2'],
      ['one', 'Bought 5 at 100.05', ''],
      ['gone', 'Bought 5 at 100.05', 'Alpaca took it back: it does not count.'],
      ['two', 'Bought 5 at 100.05', ''],
      ['filled', 'Filled whole', '10 at 100.05 on average'],
    ])
  })

  it('links what it replaces and what replaces it, and tells why it was refused', () => {
    const other = anOrder({ id: 'other' })
    const replaced = anOrder({ submitted_by: 'u', created_at: time(0), replaced_at: time(3), status: 'replaced' })
    const linked = momentsOf(timeline({ order: replaced, replaces: other, replaced_by: other }))
    expect(linked.filter((m) => m.order).map((m) => [m.key, m.order!.id])).toEqual([
      ['replaces', 'other'],
      ['replaced', 'other'],
    ])
    const refused = anOrder({
      created_at: time(0),
      updated_at: time(1),
      status: 'rejected',
      intent_state: 'rejected',
      status_message: 'Too poor',
    })
    expect(momentsOf(timeline({ order: refused })).at(-1)).toMatchObject({
      kind: 'bad',
      what: 'Refused by Alpaca',
      detail: 'Too poor',
    })
  })

  it('says how much worse than the market it was filled', () => {
    expect(slippageWords({ mid: '100.01', per_unit: '0.04', total: '0.4', bps: '3.9996' })).toBe(
      '$0.40 worse than the middle of the market, 100.01 (3.9996 bp)',
    )
    expect(slippageWords({ mid: '100.01', per_unit: '-0.01', total: '-0.1', bps: '-1' })).toContain('$0.10 better')
    expect(slippageWords(null)).toBe('not known')
  })
})
