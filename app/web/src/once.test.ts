import { describe, expect, it } from 'vitest'
import { ApiError } from './api'
import { Once, onceFor } from './once'

const order = { symbol: 'AAPL', qty: '7' }
const refusal = (status: number) => new ApiError(status, 'code', 'A sentence.', '')

describe('Once', () => {
  it('keeps the name of a request whose fate is unknown', () => {
    const once = new Once()
    const first = once.of(order)
    for (const e of [refusal(0), refusal(503), refusal(429), new Error('a page error')]) once.failed(e)
    expect(once.of({ ...order })).toBe(first)
  })
  it('gives another name to another content', () => {
    const once = new Once()
    expect(once.of({ ...order, qty: '8' })).not.toBe(once.of(order))
  })
  it.each([['an answer', (o: Once) => o.done()], ['a refusal', (o: Once) => o.failed(refusal(422))]])('gives another name after %s', (_, end) => {
    const once = new Once()
    const first = once.of(order)
    end(once)
    expect(once.of(order)).not.toBe(first)
  })
  it('outlives the dialog that it belongs to', () => {
    expect(onceFor('close AAPL').of(order)).toBe(onceFor('close AAPL').of(order))
    expect(onceFor('close AAPL').of(order)).not.toBe(onceFor('close SPY').of(order))
  })
})
