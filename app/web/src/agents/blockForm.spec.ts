import { expect, it } from 'vitest'
import { blockRequest, emptyBlock, wrongBlock, type BlockForm } from './blockForm'

const form = (change: Partial<BlockForm> = {}): BlockForm => ({
  ...emptyBlock(),
  symbol: 'aapl',
  total: '10',
  accounts: ['a', 'b'],
  ...change,
})
const nameOf = (id: string) => ({ a: 'Swing', b: 'Other' })[id]!

it('divides a total by weights, exactly as they were typed', () => {
  expect(blockRequest(form({ method: 'ratio', weights: { a: '2', b: '0.1' } }))).toEqual({
    order: { symbol: 'AAPL', side: 'buy', type: 'market', time_in_force: 'day', qty: '10' },
    allocation: { method: 'ratio' },
    accounts: [
      { account_id: 'a', ratio: '2' },
      { account_id: 'b', ratio: '0.1' },
    ],
  })
})

it('has no total where each account gets a percentage of its own', () => {
  const request = blockRequest(form({ method: 'percent', weights: { a: '5', b: '2.5' } }))
  expect(request.order).not.toHaveProperty('qty')
  expect(request.accounts).toEqual([
    { account_id: 'a', percent: '5' },
    { account_id: 'b', percent: '2.5' },
  ])
})

it.each([
  [{ symbol: ' ' }, 'symbol'],
  [{ accounts: [] }, 'accounts'],
  [{ total: 'ten' }, 'not a plain number'],
  [{ type: 'limit' as const }, 'limit'],
  [{ method: 'ratio' as const, weights: { a: '1' } }, 'the weight of Other'],
  [{ method: 'percent' as const, weights: { a: '1', b: '101' } }, 'Other'],
])('says what is wrong with %j', (change, why) => {
  expect(wrongBlock(form(change), nameOf)).toContain(why)
})
it('says nothing where nothing is wrong', () => expect(wrongBlock(form(), nameOf)).toBe(''))
