// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { h, ref } from 'vue'
import { useAccounts } from '../stores/accounts'
import { usePositions } from '../stores/positions'
import { useChosen } from '../stores/chosen'
import { useQuotes } from '../stores/quotes'
import { aPosition, aQuote } from '../testing/fixtures'
import { at, choose, click, fill, requests, settled, show, text, useComponentTests } from '../testing/mount'
import OrderTicket from './OrderTicket.vue'
import PositionsTable from './PositionsTable.vue'

vi.mock('../auth', () => ({ auth: { useSession: () => ref({ data: { user: { id: 'u' } } }) } }))

useComponentTests()
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const tell = async (quote = aQuote(), account_id = 'a') => {
  useQuotes().take({ type: 'quotes', account_id, at: '', data: { quotes: [quote] } })
  await settled()
}
async function type(symbol: string) {
  await fill('ticket-symbol', symbol)
  await vi.advanceTimersByTimeAsync(300)
}
const value = (id: string) => at<HTMLInputElement>(id).value
const disabled = (id: string) => at<HTMLButtonElement>(id).disabled

describe('the quote at the ticket', () => {
  it('has the symbol watched once it is typed, and shows what is told of it', async () => {
    await show(OrderTicket)
    expect([useQuotes().symbols, text('quote-last'), disabled('quote-bid')]).toEqual([[], '–', true])
    await fill('ticket-symbol', 'aap')
    await vi.advanceTimersByTimeAsync(100)
    await type('aapl')
    expect(useQuotes().symbols).toEqual(['AAPL'])
    await tell()
    expect([text('quote-last'), text('quote-change')]).toEqual(['190.00', '+1.90 (+1.01 %) today'])
    expect([text('quote-bid'), text('quote-ask')]).toEqual([
      'Bid 189.99 × 200, use as limit price',
      'Ask 190.01 × 100, use as limit price',
    ])
    await tell(aQuote({ price: '188', bid: null, bid_size: null }))
    expect([text('quote-last'), text('quote-change'), disabled('quote-bid')]).toEqual([
      '188.00',
      '−0.10 (−0.05 %) today',
      true,
    ])
    expect(text('quote-bid')).toBe('Bid – × –')
  })

  it('gets old where no quotes come any more', async () => {
    await show(OrderTicket)
    await type('AAPL')
    await tell()
    expect(at('quote').dataset.age).toBe('fresh')
    await vi.advanceTimersByTimeAsync(20_000)
    expect([at('quote').dataset.age, text('quote-age')]).toEqual(['old', '20 s old'])
    await vi.advanceTimersByTimeAsync(50_000)
    expect(at('quote').dataset.age).toBe('stale')
  })

  it('makes a limit order at the price that is clicked, to its last digit', async () => {
    await show(OrderTicket)
    await type('AAPL')
    await fill('ticket-qty', '5')
    await tell(aQuote({ bid: '189.9876' }))
    await click('quote-bid')
    expect(value('ticket-limit')).toBe('189.9876')
    await click('quote-ask')
    expect(value('ticket-limit')).toBe('190.01')
    await vi.advanceTimersByTimeAsync(400)
    expect(requests('POST', '/api/orders/preview')[0]!.body).toMatchObject({ type: 'limit', limit_price: '190.01' })
  })

  it('is of the account that is shown alone', async () => {
    await show(OrderTicket)
    await type('AAPL')
    await tell(aQuote(), 'b')
    expect(text('quote-last')).toBe('–')
    await tell()
    useAccounts().select('b')
    await settled()
    expect([text('quote-last'), value('ticket-symbol'), useQuotes().symbols]).toEqual(['–', '', []])
    await vi.advanceTimersByTimeAsync(1000)
    expect(useChosen().symbol).toBe('')
    useAccounts().select('a') // whose ticket is as it was left
    await settled()
    expect([value('ticket-symbol'), useChosen().symbol, text('quote-last')]).toEqual(['AAPL', 'AAPL', '–'])
  })

  it('tells what a market order comes to on its button, by the other side of the market', async () => {
    await show(OrderTicket)
    await type('AAPL')
    await fill('ticket-qty', '10')
    expect(text('ticket-submit')).toBe('Buy 10 AAPL')
    await tell()
    expect(text('ticket-submit')).toBe('Buy 10 AAPL ≈ $1,900.10')
    await choose('ticket-side', 'sell')
    expect(text('ticket-submit')).toBe('Sell 10 AAPL ≈ $1,899.90')
    await click('quote-ask')
    expect(text('ticket-submit')).toBe('Sell 10 AAPL')
    await type('AAPL261218C00200000')
    await choose('ticket-type', 'market')
    await tell(aQuote({ symbol: 'AAPL261218C00200000', bid: '5', ask: '5.1' }))
    expect(text('ticket-submit')).toBe('Sell 10 AAPL261218C00200000 ≈ $5,000.00')
  })
})

describe('a position that is clicked', () => {
  it('is put into the ticket, without the amounts that were meant for another symbol', async () => {
    await show({ render: () => [h(OrderTicket), h(PositionsTable)] })
    usePositions().list = [aPosition({ symbol: 'BTCUSD', asset_class: 'crypto' })]
    await type('AAPL')
    await fill('ticket-qty', '100')
    await tell(aQuote({ symbol: 'BTC/USD' }))
    await click('choose-BTCUSD')
    expect([value('ticket-symbol'), value('ticket-qty')]).toEqual(['BTC/USD', ''])
    expect(at('bell').dataset.open).toBe('true')
  })
})
