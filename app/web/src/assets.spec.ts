import { describe, expect, it } from 'vitest'
import { AssetList } from './assets'

const asset = (symbol: string, name: string, change = {}) => ({
  symbol,
  name,
  class: 'us_equity',
  tradable: true,
  ...change,
})
const list = new AssetList([
  asset('FORD', 'Forward Industries, Inc.'),
  asset('F', 'Ford Motor Company Common Stock'),
  asset('FB', 'ProShares Ford Trust', { tradable: false }),
  asset('AAPL', 'Apple Inc. Common Stock'),
  asset('APLE', 'Apple Hospitality REIT, Inc.'),
  asset('MLP', 'Maui Land & Pineapple Company'),
  asset('BTC/USD', 'Bitcoin / US Dollar', { class: 'crypto' }),
])
const search = (text: string) => list.search(text).map((a) => a.symbol)

describe('a symbol is found', () => {
  it('by itself first, then by how it begins, then by its name; what cannot be traded comes last', () => {
    expect(search('f')).toEqual(['F', 'FORD', 'FB'])
    expect(search('ford')).toEqual(['FORD', 'F', 'FB'])
    expect(search(' apple ')).toEqual(['AAPL', 'APLE', 'MLP'])
    expect(search('reit')).toEqual(['APLE'])
    expect(search('xyz')).toEqual([])
    expect(search(' ')).toEqual([])
  })

  it('of a pair with and without its slash', () => {
    expect([search('btcu'), search('btc/usd'), list.find('btcusd')?.coin]).toEqual([['BTC/USD'], ['BTC/USD'], true])
  })

  it('at most so many', () => {
    const many = new AssetList(Array.from({ length: 12_000 }, (_, n) => asset(`A${n}`, 'A company')))
    expect(many.search('a')).toHaveLength(12)
  })
})

it('what is unknown, or cannot be traded, is said; an option is not listed, and may be known', () => {
  expect(['AAPX', 'fb', 'aapl', '', 'AAPL261218C00200000', 'BTCUSD'].map((s) => list.complaint(s))).toEqual([
    'Alpaca has no “AAPX”.',
    'FB cannot be traded at Alpaca now.',
    '',
    '',
    '',
    '',
  ])
})
