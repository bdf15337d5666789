import { describe, expect, it } from 'vitest'
import { queryOf } from './journal'
import { addressOf, resultsFilterOf, resultsQuery, tripsOfGroup } from './results'
import type { ResultGroup } from './types'

const from = new Date('2026-01-15T10:00:00Z')
const plain = resultsFilterOf({})
const group = (key: string, more: Partial<ResultGroup> = {}) => ({ key, ...more }) as ResultGroup

describe('the filter of results', () => {
  it.each([[{}], [{ period: '3M', by: 'agent', of: 'one', symbol: 'AAPL' }], [{ period: '1D', by: 'sleeve' }]] as [
    Record<string, string>,
  ][])('%o is kept in the address', (query) => {
    const again = Object.fromEntries(
      Object.entries(addressOf(resultsFilterOf(query))).filter(([, v]) => v !== undefined),
    )
    expect(again).toEqual(query)
  })

  it('takes what there is not for what is as ever', () => {
    expect(resultsFilterOf({ period: '9D', by: 'planet', of: ['x'] })).toEqual(plain)
  })

  it('asks for the groups that a scope has', () => {
    expect(resultsQuery(plain, from)).toBe(
      'scope=account&group_by=month%2Csymbol%2Cagent%2Ctag%2Csleeve&from=2026-01-15T10%3A00%3A00.000Z',
    )
    expect(resultsQuery({ ...plain, scope: 'tag', scope_value: ' a & b ', symbol: ' btc/usd' }, null)).toBe(
      'scope=tag&group_by=month%2Csymbol%2Ctag&scope_value=a+%26+b&symbol=BTC%2FUSD',
    )
  })
})

describe('a group leads to its round trips', () => {
  const asked = { ...plain, symbol: 'aapl' }
  it('of a symbol, an agent or a sleeve', () => {
    expect(queryOf(tripsOfGroup(asked, from, 'symbol', group('AAPL')))).toMatchObject({
      symbol: 'AAPL',
      status: 'closed',
      from: from.toISOString(),
    })
    expect(queryOf(tripsOfGroup(asked, null, 'sleeve', group('id')))).toMatchObject({
      by: 'sleeve',
      of: 'id',
      symbol: 'AAPL',
      from: undefined,
    })
  })
  it('of a month, and of no time before the period', () => {
    const march = group('2026-03', { from: '2026-03-01T05:00:00Z', to: '2026-04-01T04:00:00Z' })
    expect(tripsOfGroup(asked, from, 'month', march)).toMatchObject({
      from: '2026-03-01T05:00:00Z',
      to: '2026-04-01T04:00:00Z',
    })
    const january = group('2026-01', { from: '2026-01-01T05:00:00Z', to: '2026-02-01T05:00:00Z' })
    expect(tripsOfGroup(asked, from, 'month', january)).toMatchObject({ from: from.toISOString() })
    expect(tripsOfGroup(asked, null, 'month', january)).toMatchObject({ from: '2026-01-01T05:00:00Z' })
  })
})
