import { describe, expect, it } from 'vitest'
import { belongs, filterOf, isNarrowed, nothing, nothingChosen, orderQuery, queryOf } from './orderFilter'
import { anOrder } from './testing/fixtures'

describe('the filter of orders', () => {
  it('comes back from the address as it went there', () => {
    const filter = {
      tab: 'filled',
      symbol: 'BTC/USD',
      side: 'sell',
      type: 'stop_limit',
      tif: 'gtc',
      tag: 'a & b = c',
      agent: 'one',
      sleeve: 'none',
      from: '2026-11-01',
      to: '2026-11-30',
      text: 'x%',
      order: '01890a5d-ac96-774b-bcce-b302099a8057',
      sort: 'quantity',
    } as const
    expect(filterOf(Object.fromEntries(new URLSearchParams(queryOf(filter))))).toEqual(filter)
  })

  it('leaves what is as ever out of the address, and takes nothing that is not one', () => {
    expect(queryOf(nothingChosen)).toEqual({})
    expect(
      filterOf({
        tab: 'x',
        side: 'long',
        type: 'MARKET',
        tif: '?',
        from: 'today',
        to: ['2026-01-01'],
        sort: 'a b',
        tag: null,
      }),
    ).toEqual(nothingChosen)
  })

  it('asks the server in its own terms', () => {
    expect(orderQuery(nothingChosen)).toBe('status=open&limit=200')
    const query = new URLSearchParams(
      orderQuery(
        {
          ...nothingChosen,
          tab: 'all',
          symbol: ' aapl ',
          tag: ' t ',
          from: '2026-03-01',
          to: '2026-03-01',
          sort: 'time',
        },
        'c',
      ),
    )
    expect(Object.fromEntries(query)).toEqual({
      status: 'all',
      limit: '200',
      symbols: 'AAPL',
      tag: 't',
      created_since: new Date(2026, 2, 1).toISOString(),
      created_until: new Date(2026, 2, 2).toISOString(),
      direction: 'asc',
      before: 'c',
    })
    expect(orderQuery({ ...nothingChosen, sort: '-quantity' })).toBe('status=open&limit=200') // among what is loaded
  })

  it('knows of an order whether it belongs to the list, as the server does', () => {
    const o = anOrder({
      symbol: 'BTC/USD',
      side: 'sell',
      type: 'limit',
      time_in_force: 'gtc',
      tag: 't',
      orchestrator_agent_id: 'one',
      client_order_id: 'Alpha-1',
      status: 'partially_filled',
      filled_qty: '1',
      created_at: new Date(2026, 2, 1, 12).toISOString(),
    })
    const yes = [
      { tab: 'open' },
      { tab: 'filled' },
      { tab: 'all' },
      { symbol: 'btcusd' },
      { symbol: 'BTC/USD' },
      { side: 'sell' },
      { type: 'limit' },
      { tif: 'gtc' },
      { tag: 't' },
      { agent: 'one' },
      { sleeve: 'none' },
      { text: 'Alpha' },
      { text: 'btc' },
      { from: '2026-03-01', to: '2026-03-01' },
    ]
    const no = [
      { tab: 'refused' },
      { symbol: 'BTC' },
      { side: 'buy' },
      { type: 'stop' },
      { tif: 'day' },
      { tag: 'T' },
      { agent: 'on' },
      { sleeve: 'x' },
      { text: 'alpha' },
      { text: 'lpha' },
      { from: '2026-03-02' },
      { to: '2026-02-28' },
    ]
    for (const change of yes)
      expect(belongs(o, { ...nothingChosen, ...change } as never), JSON.stringify(change)).toBe(true)
    for (const change of no)
      expect(belongs(o, { ...nothingChosen, ...change } as never), JSON.stringify(change)).toBe(false)
    // An intent whose answer is missing holds something: it is open.
    expect(belongs(anOrder({ status: 'submitting' }), nothingChosen)).toBe(true)
    expect(belongs(anOrder({ status: 'rejected' }), nothingChosen)).toBe(false)
    expect(belongs(anOrder({ status: 'rejected' }), { ...nothingChosen, tab: 'refused' })).toBe(true)
  })

  it('says why there is nothing', () => {
    expect(nothing(nothingChosen)).toBe('No order is open.')
    expect(isNarrowed({ ...nothingChosen, tab: 'all', sort: 'time' })).toBe(false)
    expect(nothing({ ...nothingChosen, tag: 'x' })).toBe('No order is like that.')
  })
})
