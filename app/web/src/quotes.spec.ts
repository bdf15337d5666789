import { describe, expect, it } from 'vitest'
import { percentOf } from './money'
import { atPrice, costOf } from './quotes'
import { aPosition } from './testing/fixtures'

const gain = (p: Parameters<typeof costOf>[0]) => percentOf(p.unrealized_pl, costOf(p))

describe('the gain of a position in per cent of its cost', () => {
  it('is of what was paid', () => expect(gain(aPosition())).toBe('5.5556')) // 100 of 1800
  it('is a gain where what was sold short has fallen', () => {
    const short = aPosition({ qty: '-10', market_value: '-1900', unrealized_pl: '100', avg_entry_price: '200' })
    expect(gain(short)).toBe('5.0000') // of the 2000 for which it was sold
    expect(gain(atPrice(short, '210'))).toBe('-5.0000')
  })
  it('counts the hundred shares of a contract', () => {
    const contract = aPosition({
      asset_class: 'us_option',
      qty: '2',
      avg_entry_price: '5',
      current_price: '6',
      market_value: '1200',
      unrealized_pl: '200',
    })
    expect(gain(contract)).toBe('20.0000')
    expect(gain(atPrice(contract, '4'))).toBe('-20.0000')
  })
  it('is not known where it cost nothing, or nobody knows a price', () => {
    expect(gain(aPosition({ market_value: '100', unrealized_pl: '100' }))).toBeNull()
    expect(gain(aPosition({ market_value: null, unrealized_pl: null }))).toBeNull()
  })
})
