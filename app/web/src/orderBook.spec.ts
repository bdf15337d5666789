import { expect, it } from 'vitest'
import { OrderBook } from './orderBook'
import { anOrder } from './testing/fixtures'

const order = (id: string, day: number, change = {}) =>
  anOrder({ id, created_at: `2026-01-0${day}T00:00:00.000000Z`, ...change })

it('has the newest first, each once, and the newer of two descriptions', () => {
  const book = new OrderBook()
  for (const o of [order('b', 2), order('d', 4), order('a', 1), order('c', 3), order('c2', 3)]) book.put(o)
  const before = book.list()
  expect(before.map((o) => o.id)).toEqual(['d', 'c2', 'c', 'b', 'a'])
  book.put(order('c', 3, { status: 'filled', updated_at: '2026-02-01T00:00:00.000000Z' }))
  book.put(order('c', 3, { status: 'new', updated_at: '2026-01-15T00:00:00.000000Z' }))
  expect(book.list().map((o) => `${o.id} ${o.status}`)).toEqual(['d new', 'c2 new', 'c filled', 'b new', 'a new'])
  expect(before[2]!.status).toBe('new') // a list that was handed out stays as it was
  book.put(order('a', 5)) // read from Alpaca, its time may be another one
  expect(book.list().map((o) => o.id)).toEqual(['a', 'd', 'c2', 'c', 'b'])
  book.clear()
  expect([book.list(), book.find('a')]).toEqual([[], undefined])
})

it('gives a read order Paddock’s id once it has one, and not Alpaca’s again', () => {
  const book = new OrderBook()
  book.put(order('at-alpaca', 1, { alpaca_order_id: 'at-alpaca' }))
  book.put(order('ours', 1, { alpaca_order_id: 'at-alpaca' }))
  book.put(order('at-alpaca', 1, { alpaca_order_id: 'at-alpaca', updated_at: '2027-01-01T00:00:00.000000Z' }))
  expect(book.list().map((o) => o.id)).toEqual(['ours'])
})

it('takes another order among 10,000 in less than a look at each of them', () => {
  const book = new OrderBook()
  const at = (n: number) => new Date(Date.parse('2026-01-01T00:00:00Z') + n * 1000).toISOString()
  for (let n = 0; n < 10_000; n++) book.put(anOrder({ id: String(n), created_at: at(n) }))
  let looks = 0
  const watched = new Proxy(anOrder({ id: 'new', created_at: at(5000) }), {
    get: (o, name) => (name === 'created_at' && looks++, Reflect.get(o, name)),
  })
  book.put(watched)
  expect(book.list()).toHaveLength(10_001)
  expect(looks).toBeLessThan(5)
})
