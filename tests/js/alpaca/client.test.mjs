// Alpaca's own npm client works against the simulator unchanged.
import { Alpaca } from '@alpacahq/alpaca-trade-api'
import assert from 'node:assert/strict'
import { test } from 'node:test'

const base = process.env.BASE_URL
const credentials = { keyId: process.env.KEY_ID, secret: process.env.SECRET }

// The client knows Alpaca's hosts alone; its fetch is where one sends it elsewhere.
const fetchApi = (url, init) => fetch(String(url).replace(/^https:\/\/[^/]+/, base), init)
const alpaca = new Alpaca({ ...credentials, fetchApi, retry: false, rateLimit: false })

/** Waits until what f answers is truthy, and answers that. */
async function until(what, f) {
  for (let i = 0; i < 200; i++) {
    const found = await f()
    if (found) return found
    await new Promise((done) => setTimeout(done, 50))
  }
  assert.fail(`it never came: ${what}`)
}

test('the account, assets, clock and calendar', async () => {
  const account = await alpaca.trading.account.getAccount()
  assert.equal(account.status, 'ACTIVE')
  assert.ok(Number(account.equity) > 0)
  assert.deepEqual((await alpaca.trading.validateConnection()).ok, true)

  const assets = await alpaca.trading.assets.getV2Assets({ status: 'active', assetClass: 'us_equity' })
  assert.ok(assets.some((a) => a.symbol === 'AAPL' && a.fractionable && a.attributes.includes('has_options')))
  const coin = await alpaca.trading.assets.getV2AssetsSymbolOrAssetId({ symbolOrAssetId: 'BTC/USD' })
  assert.equal(coin._class, 'crypto')
  const contracts = []
  for await (const c of alpaca.trading.iterateOptionsContracts({ underlyingSymbols: 'AAPL', limit: 7 })) contracts.push(c.symbol)
  assert.ok(contracts.length > 7 && new Set(contracts).size === contracts.length)

  assert.equal(typeof (await alpaca.trading.clock.legacyClock()).isOpen, 'boolean')
  assert.equal((await alpaca.trading.clock.clock({ markets: 'NYSE' })).clocks.length, 1)
  const days = await alpaca.trading.calendar.legacyCalendar({ start: new Date('2026-11-25T12:00:00Z'), end: new Date('2026-11-28T12:00:00Z') })
  assert.deepEqual(days.map((d) => d.close), ['16:00', '13:00'])
  const history = await alpaca.trading.portfolioHistory.getAccountPortfolioHistory({ period: '1W', timeframe: '1D' })
  assert.equal(history.equity.length, history.timestamp.length)
})

test('watchlists', async () => {
  const { watchlists } = alpaca.trading
  const made = await watchlists.postWatchlist({ createWatchlistRequest: { name: 'from node', symbols: ['AAPL', 'BTC/USD'] } })
  assert.deepEqual(made.assets.map((a) => a.symbol), ['AAPL', 'BTC/USD'])
  await watchlists.addAssetToWatchlist({ watchlistId: made.id, addAssetToWatchlistRequest: { symbol: 'TSLA' } })
  await watchlists.removeAssetFromWatchlist({ watchlistId: made.id, symbol: 'AAPL' })
  const found = await watchlists.getWatchlistByName({ name: 'from node' })
  assert.deepEqual(found.assets.map((a) => a.symbol), ['BTC/USD', 'TSLA'])
  await watchlists.updateWatchlistById({ watchlistId: made.id, updateWatchlistRequest: { name: 'renamed' } })
  assert.deepEqual((await watchlists.getWatchlists()).map((l) => l.name), ['renamed'])
  await watchlists.deleteWatchlistById({ watchlistId: made.id })
  await assert.rejects(watchlists.getWatchlistById({ watchlistId: made.id }), (e) => e.status === 404)
})

test('bars, trades and quotes, page by page', async () => {
  const { timestamp } = await alpaca.trading.clock.legacyClock()
  const end = new Date(timestamp - 60_000)
  const start = new Date(end - 6 * 3600_000)
  const bars = { AAPL: [], MSFT: [] }
  for await (const { symbol, value } of alpaca.marketData.iterateStockBars({ symbols: ['AAPL', 'MSFT'], timeframe: '1Min', start, end, limit: 100 })) bars[symbol].push(value)
  assert.equal(bars.AAPL.length, 360)
  assert.equal(bars.MSFT.length, 360)
  for (const b of bars.AAPL) assert.ok(b.l <= b.o && b.o <= b.h && b.l <= b.c && b.c <= b.h && b.v > 0)
  const coins = await alpaca.marketData.collectCryptoBarsBySymbol({ loc: 'us', symbols: 'BTC/USD', timeframe: '1Hour', start, end })
  assert.ok(coins['BTC/USD'].length >= 6)
  const price = await alpaca.marketData.getLatestPrice('AAPL')
  assert.ok(Math.abs(price - bars.AAPL.at(-1).c) / price < 0.02)
  const news = []
  for await (const article of alpaca.marketData.iterateNews({ symbols: 'AAPL', start: new Date(end - 10 * 86400_000), end, limit: 3 })) news.push(article)
  assert.ok(news.length > 3 && news.every((a) => a.symbols.includes('AAPL')))
})

test('orders are placed, replaced, canceled and filled, and the stream tells of it', async () => {
  const told = []
  const stream = alpaca.trading.stream({ url: base.replace(/^http/, 'ws') + '/stream' })
  stream.onTradeUpdate((u) => told.push(u))
  stream.onConnect(() => stream.subscribeTradeUpdates())
  const listening = new Promise((done) => stream.on('subscription', done))
  stream.connect()
  assert.equal((await stream.whenAuthenticated()).authenticated, true)
  await listening

  const { orders, positions } = alpaca.trading
  const clientOrderId = `node-${Date.now()}`
  const resting = await orders.limit({ symbol: 'MSFT', qty: 1, side: 'buy', limitPrice: 1, timeInForce: 'gtc', clientOrderId })
  assert.ok((await orders.getAllOrders({ status: 'open' })).some((o) => o.id === resting.id))
  assert.equal((await orders.getOrderByClientOrderId({ clientOrderId })).id, resting.id)
  const replaced = await orders.patchOrderByOrderId({ orderId: resting.id, patchOrderRequest: { qty: '2', limitPrice: '1.5' } })
  assert.equal(replaced.replaces, resting.id)
  await until('the replacement', async () => (await orders.getOrderByOrderID({ orderId: replaced.id })).status === 'new')
  await orders.deleteOrderByOrderID({ orderId: replaced.id })
  await until('the cancellation', async () => (await orders.getOrderByOrderID({ orderId: replaced.id })).status === 'canceled')

  const market = await orders.market({ symbol: 'NVDA', qty: 3, side: 'buy', timeInForce: 'gtc', clientOrderId: `${clientOrderId}-m` })
  await until('the fill', async () => (await orders.getOrderByOrderID({ orderId: market.id })).status === 'filled')
  const held = await positions.getOpenPosition({ symbolOrAssetId: 'NVDA' })
  assert.equal(held.qty, '3')
  assert.ok((await positions.getAllOpenPositions()).some((p) => p.symbol === 'NVDA'))

  const fill = await until('the news of the fill', () => told.find((u) => u.event === 'fill' && u.order.id === market.id))
  assert.equal(fill.qty, '3')
  assert.equal(fill.positionQty, '3')
  for (const event of ['new', 'replaced', 'canceled']) await until(event, () => told.some((u) => u.event === event))
  stream.disconnect()
})

test('wrong keys are refused, in REST and on the stream', async () => {
  const wrong = new Alpaca({ keyId: credentials.keyId, secret: 'wrong', fetchApi, retry: false })
  const check = await wrong.trading.validateConnection()
  assert.equal(check.ok, false)
  assert.equal(check.status, 401)
  const stream = wrong.trading.stream({ url: base.replace(/^http/, 'ws') + '/stream', reconnect: false })
  stream.connect()
  assert.equal((await stream.whenAuthenticated()).authenticated, false)
  stream.disconnect()
})
