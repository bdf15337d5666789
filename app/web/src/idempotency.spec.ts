import { describe, expect, it } from 'vitest'
import { ApiError } from './api'
import { IdempotencyKey, idempotencyKeyFor } from './idempotency'

const order = { symbol: 'AAPL', qty: '7' }
const refusal = (status: number) => new ApiError(status, 'code', 'A sentence.', '')

describe('IdempotencyKey', () => {
  it('stays the same for a request whose fate is unknown', () => {
    const key = new IdempotencyKey()
    const first = key.for(order)
    for (const e of [refusal(0), refusal(503), refusal(429), new Error('a page error')]) key.failed(e)
    expect(key.for({ ...order })).toBe(first)
  })
  it('is another for another content', () => {
    const key = new IdempotencyKey()
    expect(key.for({ ...order, qty: '8' })).not.toBe(key.for(order))
  })
  it.each([
    ['success', (k: IdempotencyKey) => k.succeeded()],
    ['a refusal', (k: IdempotencyKey) => k.failed(refusal(422))],
  ])('is another after %s', (_, end) => {
    const key = new IdempotencyKey()
    const first = key.for(order)
    end(key)
    expect(key.for(order)).not.toBe(first)
  })
  it('outlives the dialog that it belongs to', () => {
    expect(idempotencyKeyFor('close AAPL').for(order)).toBe(idempotencyKeyFor('close AAPL').for(order))
    expect(idempotencyKeyFor('close AAPL').for(order)).not.toBe(idempotencyKeyFor('close SPY').for(order))
  })
})
