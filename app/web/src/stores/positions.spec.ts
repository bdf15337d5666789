import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { aPosition } from '../testing/fixtures'
import type { Position } from '../types'
import { useCurrentAccount } from './currentAccount'
import { usePositions } from './positions'

let held: Position[]
let asked: string[]

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  asked = []
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url)
    const figures = { equity: '10000.10', last_equity: '9900', cash: '1' }
    return Promise.resolve(new Response(JSON.stringify(url === '/api/account' ? figures : held)))
  })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms)

async function setUp(...positions: Position[]) {
  held = positions
  const [current, store] = [useCurrentAccount(), usePositions()]
  current.show('a')
  await settle()
  asked.length = 0
  const told = (prices: Record<string, string>, account_id = 'a') => {
    const quotes = Object.entries(prices).map(([symbol, price]) => ({ symbol, price, bid: null, ask: null, at: null }))
    store.quote({ type: 'quotes', account_id, at: '', data: { quotes } })
  }
  const refused = (code: string) => store.quote({ type: 'quotes', account_id: 'a', at: '', code, message: 'why' })
  /** Lets time pass with the console's poll, and returns what was asked for. */
  const wait = async (seconds: number, each = () => {}) => {
    asked.length = 0
    for (let s = 0; s < seconds; s += 5) {
      await settle(5000)
      each()
      void store.poll()
      await settle()
    }
    return asked.filter((url) => url === '/api/positions').length
  }
  return { current, store, told, refused, wait }
}

describe('quotes', () => {
  it('move a position, equity and the result of today, to the last digit and without a request', async () => {
    const { store, told } = await setUp(
      aPosition({ symbol: 'AAPL', qty: '0.3', current_price: '190.1', market_value: '57.03', unrealized_pl: '-1.1' }),
      aPosition({ symbol: 'BTCUSD', qty: '-2', current_price: '100', market_value: '-200', unrealized_pl: '10' }),
      aPosition({
        symbol: 'AAPL261218C00200000',
        asset_class: 'us_option',
        qty: '1',
        current_price: '5',
        market_value: '500',
        unrealized_pl: '0',
      }),
    )
    expect([store.equity, store.today]).toEqual(['10000.1', '100.1'])
    const [, before] = store.list
    told({ AAPL: '190.3', 'BTC/USD': '100', AAPL261218C00200000: '5.05' })
    expect(store.list.map((p) => [p.current_price, p.market_value, p.unrealized_pl])).toEqual([
      ['190.3', '57.09', '-1.04'],
      ['100', '-200', '10'],
      ['5.05', '505', '5'],
    ])
    expect(store.list[1]).toBe(before) // its row is not drawn again
    expect([store.equity, store.today]).toEqual(['10005.16', '105.16'])
    told({ 'BTC/USD': '99' })
    expect([store.equity, store.list[1]!.unrealized_pl]).toEqual(['10007.16', '12'])
    expect(asked).toEqual([])
  })

  it('of another account move nothing, and leave nothing behind where the account changes', async () => {
    const { current, store, told } = await setUp(aPosition())
    told({ AAPL: '1' }, 'b')
    expect(store.list[0]!.current_price).toBe('190')
    told({ AAPL: '200' })
    current.show('b')
    await settle()
    expect(store.list[0]!.current_price).toBe('190')
  })

  it('give way to what Alpaca says later itself', async () => {
    const { store, told } = await setUp(aPosition())
    told({ AAPL: '200' })
    await settle(6000)
    held = [aPosition({ current_price: '210', market_value: '2100' })]
    await store.refresh()
    expect([store.list[0]!.current_price, store.equity]).toEqual(['210', '10000.1'])
  })

  it('take the place of requests, of which two a minute are left', async () => {
    const { wait, told } = await setUp(aPosition())
    expect(await wait(120, () => told({ AAPL: '190' }))).toBe(2)
    expect(asked).toHaveLength(4)
    expect(await wait(60)).toBe(6) // none come any more
  })

  it('are not replaced by requests where the account’s requests are to last: the figures get old', async () => {
    const { store, wait, refused } = await setUp(aPosition())
    const at = store.asOf
    expect(await wait(50, () => refused('broker_rate_limited'))).toBe(0)
    expect([store.asOf, store.unquoted?.message]).toEqual([at, 'why'])
    expect(await wait(50, () => refused('broker_unavailable'))).toBeGreaterThan(4)
  })

  it('have an age for each position, and all figures that of the oldest', async () => {
    const { store, told, refused } = await setUp(aPosition(), aPosition({ symbol: 'TSLA' }))
    const read = store.asOf
    await settle(3000)
    told({ AAPL: '190' })
    expect([store.pricedAt('AAPL'), store.pricedAt('TSLA'), store.asOf]).toEqual([new Date(), read, read])
    await settle(3000)
    told({ AAPL: '190', TSLA: '190' })
    expect(store.asOf).toEqual(new Date())
    await settle(3000)
    refused('needs_credentials')
    expect(store.asOf).not.toEqual(new Date())
  })
})
