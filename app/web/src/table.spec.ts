import { describe, expect, it } from 'vitest'
import { compare, decimalsOf, sortOf } from './table'

describe('what a table is sorted by', () => {
  it('compares numbers exactly, and not as texts or floats', () => {
    expect(compare('9', '10')).toBeLessThan(0)
    expect(compare('-2', '1')).toBeLessThan(0)
    expect(compare('0.10', '0.1')).toBe(0)
    expect(compare('9007199254740993', '9007199254740992')).toBeGreaterThan(0)
    expect(compare('100000000000000000.000000001', '100000000000000000.000000002')).toBeLessThan(0)
  })
  it('compares words as words', () => {
    expect(compare('AAPL', 'MSFT')).toBeLessThan(0)
    expect(compare('10:30', '9:30')).toBeLessThan(0)
  })
  it('reads which way from the address', () => {
    expect(sortOf('-time')).toEqual({ id: 'time', desc: true })
    expect(sortOf('time')).toEqual({ id: 'time', desc: false })
  })
  it('counts the decimals that say something', () => {
    expect(['1', '1.0', '1.50', '0.123456789', null].map(decimalsOf)).toEqual([0, 0, 1, 9, 0])
  })
})
