import { describe, expect, it } from 'vitest'
import { aSleeve } from '../testing/fixtures'
import { moved, sleeveChange, sleeveForm, wrongSleeve } from './sleeveForm'
import type { Sleeves } from '../types'

const known = (cash: string | null): Sleeves => ({
  sleeves: [aSleeve({ id: 's', cash: '100.10', reserved: '40', available: '60.10' })],
  unassigned: { cash, positions: [], as_of: null },
})

describe('cash that is moved', () => {
  it('is shown before and after, to the cent', () => {
    expect(moved(known('1000.20'), '', 's', '0.3')).toMatchObject({
      amount: '0.3',
      from: { before: '1000.20', after: '999.9' },
      to: { before: '100.10', after: '100.4' },
      mistake: '',
    })
  })
  it.each([
    ['', 's', '1000.21', 'more than is unassigned'],
    ['s', '', '60.11', 'less what its open buys may take'],
    ['s', 's', '1', 'two places'],
    ['', 's', '0.001', 'parts of a cent'],
    ['', 's', 'all', 'not a plain number'],
  ])('is refused from “%s” to “%s”: %s', (from, to, amount, why) => {
    expect(moved(known('1000.20'), from, to, amount).mistake).toContain(why)
  })
  it('is not known to be too much where the account’s cash is not known', () => {
    expect(moved(known(null), '', 's', '5')).toMatchObject({ from: { before: null, after: null }, mistake: '' })
  })
})

it('changes nothing of a sleeve that was not touched', () => {
  const sleeve = aSleeve({ name: 'Momentum', max_order_notional: '500', allowed_symbols: ['AAPL'] })
  expect(sleeveChange(sleeveForm(sleeve), sleeve)).toEqual({})
  expect(sleeveChange({ ...sleeveForm(sleeve), max_order_notional: '', onlySymbols: false }, sleeve)).toEqual({
    max_order_notional: null,
    allowed_symbols: null,
  })
  expect(wrongSleeve({ ...sleeveForm(sleeve), max_drawdown: '1e3' })).toContain('Drawdown')
})
