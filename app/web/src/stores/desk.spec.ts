import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { anOrder, guardEvent, orderEvent } from '../testing/fixtures'
import type { Order } from '../types'
import { useDesk } from './desk'

type Answer = { resolve: (body: unknown) => void; url: string; account: string }
let asked: Answer[]

beforeEach(() => {
  setActivePinia(createPinia())
  asked = []
  vi.stubGlobal('fetch', (url: string, init: { headers: Record<string, string> }) =>
    new Promise((resolve) => {
      asked.push({ url, account: init.headers['X-Account-ID']!, resolve: (body) => resolve(new Response(JSON.stringify(body))) })
    }),
  )
})
const order = (id: string, updated_at = '2026-01-01T00:00:00.000000Z') => anOrder({ id, updated_at })
const settle = () => new Promise((r) => setTimeout(r))

describe('desk', () => {
  it('drops what arrives late for the account before', async () => {
    const desk = useDesk()
    desk.show('a')
    desk.show('b')
    for (const q of asked.filter((q) => q.account === 'a')) q.resolve(q.url.includes('orders') ? { orders: [order('of-a')], next_cursor: null } : [{ symbol: 'OFA' }])
    await settle()
    expect(desk.orders).toEqual([])
    expect(desk.positions).toEqual([])
    expect(desk.figures).toBeNull()
  })

  it('takes no event of another account', () => {
    const desk = useDesk()
    desk.show('b')
    desk.apply(orderEvent(order('of-a')))
    expect(desk.orders).toEqual([])
  })

  it('keeps the newer of two descriptions of an order', () => {
    const desk = useDesk()
    desk.show('a')
    const tell = (o: Order) => desk.apply(orderEvent(o))
    tell({ ...order('x', '2026-01-02T00:00:00.000000Z'), status: 'filled' })
    tell({ ...order('x', '2026-01-01T00:00:00.000000Z'), status: 'new' })
    expect(desk.orders.map((o) => o.status)).toEqual(['filled'])
  })

  it('shows an order once that was read from Alpaca before Paddock had it, by the id that Paddock gives it', () => {
    const desk = useDesk()
    desk.show('a')
    const tell = (o: Order) => desk.apply(orderEvent(o))
    tell({ ...order('at-alpaca'), alpaca_order_id: 'at-alpaca' })
    tell({ ...order('ours'), alpaca_order_id: 'at-alpaca' })
    tell({ ...order('at-alpaca', '2026-01-02T00:00:00.000000Z'), alpaca_order_id: 'at-alpaca' })
    expect(desk.orders.map((o) => o.id)).toEqual(['ours'])
    // Ours may be shown already, before it is known which one at Alpaca it is.
    tell({ ...order('sent'), alpaca_order_id: null })
    tell({ ...order('seen'), alpaca_order_id: 'seen' })
    tell({ ...order('sent', '2026-01-02T00:00:00.000000Z'), alpaca_order_id: 'seen' })
    expect(desk.orders.map((o) => o.id).sort()).toEqual(['ours', 'sent'])
  })

  it('knows where the orders come from, and forgets it with the account', async () => {
    const desk = useDesk()
    desk.show('a')
    asked.find((q) => q.url.startsWith('/api/orders'))!.resolve({ orders: [], next_cursor: null, as_of: '2026-01-01T00:00:00.000000Z', source: 'broker' })
    await settle()
    expect(desk.ordersOf).toEqual({ as_of: '2026-01-01T00:00:00.000000Z', source: 'broker' })
    desk.show('b')
    expect(desk.ordersOf).toBeNull()
  })

  it('asks about the guards again when they change, once for several events, and not for another account', async () => {
    vi.useFakeTimers()
    const desk = useDesk()
    desk.show('a')
    const guards = () => asked.filter((q) => q.url === '/api/guards').length
    const tell = (account_id: string) => desk.apply(guardEvent(account_id))
    expect(guards()).toBe(1)
    for (const id of ['b', 'a', 'a']) tell(id)
    await vi.advanceTimersByTimeAsync(1000)
    expect(guards()).toBe(2)
    expect(desk.stirred).toBe(2)
    vi.useRealTimers()
  })

  it('looks for the legs of an order that has some', async () => {
    vi.useFakeTimers()
    const desk = useDesk()
    desk.show('a')
    const pages = () => asked.filter((q) => q.url.startsWith('/api/orders')).length
    const before = pages()
    desk.apply(orderEvent({ ...order('plain'), order_class: 'simple' }))
    await vi.advanceTimersByTimeAsync(1000)
    expect(pages()).toBe(before)
    desk.apply(orderEvent({ ...order('parent'), order_class: 'bracket' }))
    await vi.advanceTimersByTimeAsync(1000)
    expect(pages()).toBe(before + 1)
    vi.useRealTimers()
  })
})
