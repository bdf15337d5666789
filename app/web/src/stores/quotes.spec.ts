import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, nextTick, ref } from 'vue'
import { useWatched } from '../composables/useWatched'
import { aQuote } from '../testing/fixtures'
import { useCurrentAccount } from './currentAccount'
import { useQuotes } from './quotes'

beforeEach(() => {
  setActivePinia(createPinia())
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('{}')))
})

function setUp() {
  const [current, quotes] = [useCurrentAccount(), useQuotes()]
  current.show('a')
  const told = (account_id: string, ...list: ReturnType<typeof aQuote>[]) =>
    quotes.take({ type: 'quotes', account_id, at: '', data: { quotes: list } })
  return { current, quotes, told }
}

describe('quotes', () => {
  it('of another account are not taken, and none is left where the account changes', () => {
    const { current, quotes, told } = setUp()
    told('b', aQuote())
    expect(quotes.of('AAPL')).toBeUndefined()
    told('a', aQuote())
    expect(quotes.of('aapl')).toMatchObject({ price: '190', bid: '189.99' })
    current.show('b')
    expect(quotes.of('AAPL')).toBeUndefined()
    current.show('a')
    expect(quotes.of('AAPL')).toBeUndefined()
  })

  it('of a pair are found with and without its slash, and stay where another symbol is told of alone', () => {
    const { quotes, told } = setUp()
    told('a', aQuote({ symbol: 'BTC/USD' }))
    told('a', aQuote())
    expect([quotes.of('BTCUSD')?.symbol, quotes.of('BTC/USD')?.symbol]).toEqual(['BTC/USD', 'BTC/USD'])
  })

  it('are asked for what components look at, each symbol once, at most 50, and none that the server refuses', async () => {
    const { quotes } = setUp()
    const [one, other] = [ref(['AAPL']), ref(['AAPL', 'not a symbol', 'TSLA'])]
    const [first, second] = [effectScope(), effectScope()]
    first.run(() => useWatched(() => one.value))
    second.run(() => useWatched(() => other.value))
    expect(quotes.symbols).toEqual(['AAPL', 'TSLA'])
    one.value = ['MSFT']
    await nextTick()
    expect([...quotes.symbols].sort()).toEqual(['AAPL', 'MSFT', 'TSLA'])
    second.stop()
    expect(quotes.symbols).toEqual(['MSFT'])
    one.value = Array.from({ length: 60 }, (_, n) => `S${n}`)
    await nextTick()
    expect(quotes.symbols).toHaveLength(50)
  })
})
