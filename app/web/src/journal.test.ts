import { describe, expect, it } from 'vitest'
import { joined, totals } from './journal'
import type { TradingPosition } from './types'

const trip = (id: string, realized_pl: string, fees: string, net_pl: string, opened_at = '') => ({ id, realized_pl, fees, net_pl, opened_at }) as TradingPosition

describe('the journal', () => {
  it('adds up exactly', () => {
    expect(totals([trip('a', '0.1', '0.01', '0.09'), trip('b', '0.2', '0', '0.2'), trip('c', '-0.3', '0', '-0.3')])).toEqual({ realized: '0', fees: '0.01', net: '-0.01' })
    expect(totals([trip('a', '12345678901234.000000000000000001', '0', '1'), trip('b', '0.000000000000000002', '0', '1')]).realized)
      .toBe('12345678901234.000000000000000003')
    expect(totals([])).toEqual({ realized: '0', fees: '0', net: '0' })
  })

  it('shows each trip once, as it was said last, the newest first', () => {
    const all = joined([trip('b', '2', '0', '2', '2026-02-01'), trip('a', '1', '0', '1', '2026-01-01')], [trip('c', '4', '0', '4', '2026-03-01'), trip('b', '3', '0', '3', '2026-02-01')])
    expect(all.map((t) => t.id + t.net_pl)).toEqual(['c4', 'b3', 'a1'])
  })
})
