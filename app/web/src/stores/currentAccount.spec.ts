import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { anOrder, aPosition, credentialsEvent, guardEvent, orderEvent } from '../testing/fixtures'
import { useCurrentAccount } from './currentAccount'
import { useGuards } from './guards'
import { useOrders } from './orders'
import { usePositions } from './positions'

type Asked = { url: string; account: string; signal?: AbortSignal; resolve: (body: unknown, status?: number) => void }
let asked: Asked[]

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  asked = []
  vi.stubGlobal(
    'fetch',
    (url: string, init: { headers: Record<string, string>; signal?: AbortSignal }) =>
      new Promise((resolve) => {
        asked.push({
          url,
          account: init.headers['X-Account-ID']!,
          signal: init.signal,
          resolve: (body, status) => resolve(new Response(JSON.stringify(body), { status })),
        })
      }),
  )
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const settle = () => vi.advanceTimersByTimeAsync(0)
const order = (id: string, updated_at = '2026-01-01T00:00:00.000000Z') => anOrder({ id, updated_at })
const find = (path: string, account = 'a') => asked.filter((q) => q.url.startsWith(path) && q.account === account)

function stores() {
  return { current: useCurrentAccount(), orders: useOrders(), positions: usePositions(), guards: useGuards() }
}

describe('the account that is shown', () => {
  it('drops what arrives late for the account before', async () => {
    const { current, orders, positions, guards } = stores()
    current.show('a')
    current.show('b')
    for (const q of asked.filter((q) => q.account === 'a')) {
      expect(q.signal?.aborted).toBe(true)
      q.resolve(q.url.includes('orders') ? { orders: [order('of-a')], next_cursor: null } : [{ symbol: 'OFA' }])
    }
    await settle()
    expect(orders.list).toEqual([])
    expect(positions.list).toEqual([])
    expect(positions.figures).toBeNull()
    expect(guards.guards).toBeNull()
    expect(current.error).toBeNull()
  })

  it('drops an answer from before it was shown anew', async () => {
    const { current, orders } = stores()
    current.show('a')
    current.show('a')
    find('/api/orders')[0]!.resolve({ orders: [order('early')], next_cursor: null })
    await settle()
    expect(orders.list).toEqual([])
  })

  it('does not show an order that was placed for the account before', async () => {
    const { current, orders } = stores()
    current.show('a')
    const placing = orders.place({
      symbol: 'AAPL',
      side: 'buy',
      type: 'market',
      time_in_force: 'day',
      qty: '1',
      client_order_id: 'c',
    })
    current.show('b')
    asked.find((q) => q.account === 'a' && q.url === '/api/orders')!.resolve(order('of-a'))
    expect((await placing).id).toBe('of-a')
    expect(orders.list).toEqual([])
  })

  it('takes no event of another account', () => {
    const { current, orders } = stores()
    const listener = vi.fn()
    current.listen(listener)
    current.show('b')
    current.apply(orderEvent(order('of-a')))
    expect(orders.list).toEqual([])
    expect(listener).not.toHaveBeenCalled()
  })

  it('hands each event on, until it is not listened to any more', () => {
    const { current } = stores()
    current.show('a')
    const listener = vi.fn()
    const stop = current.listen(listener)
    current.apply(guardEvent())
    current.apply(orderEvent(order('x')))
    stop()
    current.apply(guardEvent())
    expect(listener).toHaveBeenCalledTimes(2)
  })

  it('is loading until all that is kept of it is there, and loads what a new store keeps', async () => {
    const current = useCurrentAccount()
    current.show('a')
    await settle()
    expect([asked.length, current.loading]).toEqual([0, false])
    useGuards()
    useOrders()
    expect(current.loading).toBe(true)
    find('/api/guards')[0]!.resolve({})
    await settle()
    expect(current.loading).toBe(true)
    find('/api/orders')[0]!.resolve({ orders: [], next_cursor: null })
    await settle()
    expect(current.loading).toBe(false)
  })

  it('knows when its keys are missing, and says other failures', async () => {
    const { current } = stores()
    current.show('a')
    find('/api/account')[0]!.resolve({ code: 'needs_credentials', message: 'Enter keys.', request_id: '1' }, 409)
    await settle()
    expect([current.needsKeys, current.error]).toEqual([true, null])
    find('/api/positions')[0]!.resolve({ code: 'broker_unavailable', message: 'Alpaca is away.', request_id: '2' }, 503)
    await settle()
    expect(current.error).toBe('Alpaca is away.')
    expect(current.emptyWords('positions', 'None.')).toBe('Not known: this account has no working API keys.')
    expect(current.emptyWords('guards', 'None.')).toBe('Loading …')
    find('/api/guards')[0]!.resolve({ code: 'error', message: 'Broken.', request_id: '3' }, 500)
    await settle()
    expect(current.emptyWords('guards', 'None.')).toBe('Not known: it could not be read.')
    void current.load()
    find('/api/guards')[1]!.resolve({})
    find('/api/positions')[1]!.resolve([])
    await settle()
    expect([current.error, current.needsKeys]).toEqual([null, false]) // what kept it from being read is over
    expect(['guards', 'positions'].map((what) => current.emptyWords(what as 'guards', 'None.'))).toEqual([
      'None.',
      'None.',
    ])
    find('/api/account')[1]!.resolve({ code: 'needs_credentials', message: 'Enter keys.', request_id: '4' }, 409)
    await settle()
    expect(current.emptyWords('positions', 'None.')).toContain('Not known') // they were read, with keys that are none any more
    current.apply(credentialsEvent('stored'))
    expect(current.needsKeys).toBe(false)
    current.show('b')
    expect([current.needsKeys, current.error]).toEqual([false, null])
  })
})

describe('orders', () => {
  it('keep the newer of two descriptions of an order', () => {
    const { current, orders } = stores()
    current.show('a')
    current.apply(orderEvent({ ...order('x', '2026-01-02T00:00:00.000000Z'), status: 'filled' }))
    current.apply(orderEvent({ ...order('x', '2026-01-01T00:00:00.000000Z'), status: 'new' }))
    expect(orders.list.map((o) => o.status)).toEqual(['filled'])
  })

  it('show an order once that was read from Alpaca before Paddock had it, by the id that Paddock gives it', () => {
    const { current, orders } = stores()
    current.show('a')
    const event = (o: ReturnType<typeof order>) => current.apply(orderEvent(o))
    event({ ...order('at-alpaca'), alpaca_order_id: 'at-alpaca' })
    event({ ...order('ours'), alpaca_order_id: 'at-alpaca' })
    event({ ...order('at-alpaca', '2026-01-02T00:00:00.000000Z'), alpaca_order_id: 'at-alpaca' })
    expect(orders.list.map((o) => o.id)).toEqual(['ours'])
    // Ours may be shown already, before it is known which one at Alpaca it is.
    event({ ...order('sent'), alpaca_order_id: null })
    event({ ...order('seen'), alpaca_order_id: 'seen' })
    event({ ...order('sent', '2026-01-02T00:00:00.000000Z'), alpaca_order_id: 'seen' })
    expect(orders.list.map((o) => o.id).sort()).toEqual(['ours', 'sent'])
  })

  it('know where they come from, and forget it with the account', async () => {
    const { current, orders } = stores()
    current.show('a')
    find('/api/orders')[0]!.resolve({
      orders: [],
      next_cursor: null,
      as_of: '2026-01-01T00:00:00.000000Z',
      source: 'broker',
    })
    await settle()
    expect(orders.freshness).toEqual({ as_of: '2026-01-01T00:00:00.000000Z', source: 'broker' })
    current.show('b')
    expect(orders.freshness).toBeNull()
  })

  it('keep what was placed while the list was read, though the list has it not yet', async () => {
    const { current, orders } = stores()
    current.show('a')
    orders.put(order('placed'))
    find('/api/orders')[0]!.resolve({ orders: [order('older')], next_cursor: 'more', as_of: null, source: 'mirror' })
    await settle()
    expect(orders.list.map((o) => o.id).sort()).toEqual(['older', 'placed'])
    expect(orders.nextCursor).toBe('more')
  })

  it('are read again for the legs of an order that has some', async () => {
    const { current } = stores()
    current.show('a')
    const pages = () => find('/api/orders').length
    const before = pages()
    current.apply(orderEvent({ ...order('plain'), order_class: 'simple' }))
    await vi.advanceTimersByTimeAsync(1000)
    expect(pages()).toBe(before)
    current.apply(orderEvent({ ...order('parent'), order_class: 'bracket' }))
    await vi.advanceTimersByTimeAsync(1000)
    expect(pages()).toBe(before + 1)
  })

  it('are read again, with positions, after an update that could not be applied', async () => {
    const { current } = stores()
    current.show('a')
    const before = [find('/api/orders').length, find('/api/positions').length]
    current.apply(orderEvent())
    await vi.advanceTimersByTimeAsync(1000)
    expect([find('/api/orders').length, find('/api/positions').length]).toEqual(before.map((n) => n + 1))
  })
})

describe('guards', () => {
  it('are read again when they change, once for several events, and not for another account', async () => {
    const { current } = stores()
    current.show('a')
    const count = () => asked.filter((q) => q.url === '/api/guards').length
    expect(count()).toBe(1)
    for (const id of ['b', 'a', 'a']) current.apply(guardEvent(id))
    await vi.advanceTimersByTimeAsync(1000)
    expect(count()).toBe(2)
  })

  it('have nothing read any more for an account that is shown no longer', async () => {
    const { current } = stores()
    current.show('a')
    current.apply(guardEvent())
    current.show(null)
    const count = asked.length
    await vi.advanceTimersByTimeAsync(1000)
    expect(asked).toHaveLength(count)
  })
})

describe('positions', () => {
  it('are read again for a fill, and not for an order alone', async () => {
    const { current } = stores()
    current.show('a')
    const count = () => find('/api/positions').length
    current.apply(orderEvent(order('x')))
    await vi.advanceTimersByTimeAsync(1000)
    expect(count()).toBe(1)
    current.apply(orderEvent(order('x'), 'a', { id: 'e', qty: '1', price: '190', at: '' }))
    await vi.advanceTimersByTimeAsync(1000)
    expect(count()).toBe(2)
  })

  it('move equity and the result of today with the prices, by one request, and ask for the account where holdings change', async () => {
    const { current, positions } = stores()
    const held = (market_value: string, qty = '10') => aPosition({ qty, market_value })
    current.show('a')
    find('/api/account')[0]!.resolve({ equity: '10000.10', last_equity: '9900', cash: '1' })
    find('/api/positions')[0]!.resolve([held('1900')])
    await settle()
    const poll = async (now: ReturnType<typeof held>[]) => {
      await vi.advanceTimersByTimeAsync(10_000)
      void positions.poll()
      await settle()
      find('/api/positions').at(-1)!.resolve(now)
      await settle()
      return [positions.equity, positions.today, find('/api/account').length]
    }
    const row = positions.list[0]
    expect(await poll([held('1900')])).toEqual(['10000.1', '100.1', 1])
    expect(positions.list[0]).toBe(row) // its row is not drawn again
    expect(await poll([held('1850.05')])).toEqual(['9950.15', '50.15', 1])
    // A fill that no event has told of yet: what is held has moved, and cash with it.
    expect(await poll([held('2220', '12')])).toEqual(['10000.10', '100.1', 2])
    find('/api/account')[1]!.resolve({ equity: '10000', last_equity: '9900', cash: '1' })
    await settle()
    expect(await poll([held('2230', '12')])).toEqual(['10010', '110', 2])
    await vi.advanceTimersByTimeAsync(46_000)
    expect((await poll([held('2240', '12')]))[2]).toBe(3)
  })

  it('keep the answer that was asked for last, whichever comes first', async () => {
    const { current, positions } = stores()
    current.show('a')
    void positions.refresh()
    find('/api/positions')[1]!.resolve([aPosition({ qty: '2' })])
    await settle()
    find('/api/positions')[0]!.resolve([aPosition({ qty: '1' })])
    await settle()
    expect(positions.list.map((p) => p.qty)).toEqual(['2'])
  })

  it('put the order that closes one among the orders', async () => {
    const { current, orders, positions } = stores()
    current.show('a')
    const closing = positions.close('AAPL', {}, 'key')
    find('/api/positions/AAPL')[0]!.resolve(order('closing'))
    await closing
    expect(orders.list.map((o) => o.id)).toEqual(['closing'])
  })
})
