import { describe, expect, it } from 'vitest'
import { joined, totals } from './journal'
import type { TradingPosition } from './types'

const trip = (id: string, realized_pl: string, fees: string, net_pl: string) => ({ id, realized_pl, fees, net_pl }) as TradingPosition

describe('the journal', () => {
  it('adds up exactly', () => {
    expect(totals([trip('a', '0.1', '0.01', '0.09'), trip('b', '0.2', '0', '0.2'), trip('c', '-0.3', '0', '-0.3')])).toEqual({ realized: '0', fees: '0.01', net: '-0.01' })
    expect(totals([])).toEqual({ realized: '0', fees: '0', net: '0' })
  })

  it('shows each trip once, as it was said last', () => {
    const all = joined([trip('a', '1', '0', '1'), trip('b', '2', '0', '2')], [trip('b', '3', '0', '3'), trip('c', '4', '0', '4')])
    expect(all.map((t) => t.id + t.net_pl)).toEqual(['a1', 'b3', 'c4'])
  })
})
