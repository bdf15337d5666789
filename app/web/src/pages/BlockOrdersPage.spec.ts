// @vitest-environment happy-dom
import { expect, it } from 'vitest'
import { at, check, click, fill, requests, show, submit, text, useComponentTests } from '../testing/mount'
import type { BlockOrder } from '../types'
import BlockOrdersPage from './BlockOrdersPage.vue'

useComponentTests()

const part = (account_id: string, change: Partial<BlockOrder['parts'][number]>): BlockOrder['parts'][number] => ({
  account_id,
  sleeve_id: null,
  weight: null,
  equity: null,
  qty: '5',
  notional: null,
  state: 'done',
  job_id: 'j',
  status: 201,
  refusal: null,
  order: null,
  ...change,
})

it('divides an order first, sends exactly what was divided, and tells what became of each part', async () => {
  await show(BlockOrdersPage)
  await requests('GET', '/api/block-orders')[0]!.answer({ block_orders: [], next_cursor: null })
  await fill('block-symbol', 'aapl')
  await fill('block-total', '10')
  await check('block-account-Swing')
  await check('block-account-Other')
  await submit('block-form')
  expect(requests('POST', '/api/block-orders')).toHaveLength(0)
  const parts = ['a', 'b'].map((account_id) => ({
    account_id,
    sleeve_id: null,
    weight: null,
    equity: null,
    qty: '5',
    notional: null,
  }))
  await requests('POST', '/api/block-orders/preview')[0]!.answer({ total: '10', parts })
  expect(text('block-preview')).toContain('Swing: 5')
  expect(text('block-submit')).toBe('Send 2 orders')

  await fill('block-total', '12') // what was divided is another order
  expect(text('block-submit')).toBe('Divide it')
  await submit('block-form')
  await requests('POST', '/api/block-orders/preview')[0]!.answer({ total: '12', parts })
  await submit('block-form')
  const [sent] = requests('POST', '/api/block-orders')
  expect(sent!.body).toMatchObject({
    order: { symbol: 'AAPL', qty: '12' },
    accounts: [{ account_id: 'a' }, { account_id: 'b' }],
  })
  await sent!.answer({
    id: 'x',
    idempotency_key: sent!.key,
    token_id: null,
    made_at: '2026-01-01T00:00:00Z',
    order: { symbol: 'AAPL', side: 'buy', qty: '12', type: 'market' },
    allocation: {},
    under_way: false,
    parts: [
      part('a', {
        order: {
          id: 'o',
          alpaca_order_id: null,
          status: 'filled',
          intent_state: 'accepted',
          filled_qty: '5',
          filled_avg_price: '1',
        },
      }),
      part('b', { state: 'failed', status: 422, refusal: { code: 'guard_refused', message: 'Too large.' } as never }),
    ],
  })
  expect(text('part-Swing')).toContain('filled')
  expect(text('part-Other')).toContain('not sent: Too large.')
  expect(at<HTMLInputElement>('block-symbol').value).toBe('') // Enter does not send the same again
  await click('block-submit')
  expect(requests('POST', '/api/block-orders')).toHaveLength(1)
})
