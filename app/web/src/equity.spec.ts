import Decimal from 'decimal.js'
import { describe, expect, it } from 'vitest'
import { beginOf, curveOf, drawdown, flowsOf, historyQuery, stepOf, summaryOf, upToNow, type Flow } from './equity'
import type { Activity, PortfolioHistory } from './types'

const history = (equity: (number | null)[], from = 100, step = 10) =>
  ({ timestamp: equity.map((_, i) => from + i * step), equity }) as unknown as PortfolioHistory
const flow = (at: number, amount: string): Flow => ({ at, amount: new Decimal(amount) })
const summary = (equity: (number | null)[], flows: Flow[] = []) => summaryOf(curveOf(history(equity), flows))

describe('a curve of equity', () => {
  it('says by how much an account has changed, exactly', () => {
    expect(summary([0.1, 0.3])).toMatchObject({ first: '0.1', last: '0.3', change: '0.2', percent: '200.0000' })
    expect(summary([1000, 900, 950])).toMatchObject({ change: '-50', percent: '-5.0000', deepest: { at: 110 } })
  })

  it('takes what is paid in or out for neither gain nor loss', () => {
    // 100 becomes 110, then 1000 come, and 1110 become 1221: 10 % twice.
    const s = summary([100, 1110, 1221], [flow(105, '1000')])
    expect(s).toMatchObject({ change: '121', percent: '21.0000', paidIn: '1000', paidOut: '0', deepest: null })
    // A withdrawal is no fall from a height.
    expect(summary([1000, 400, 400], [flow(110, '-600')])).toMatchObject({
      change: '0',
      percent: '0.0000',
      paidOut: '600',
      deepest: null,
    })
  })

  it('counts each flow once, in the first point at or after it, and none from before the curve', () => {
    const curve = curveOf(history([100, 100, 150, 150]), [
      flow(50, '7'),
      flow(100, '9'),
      flow(120, '20'),
      flow(120, '30'),
    ])
    expect(curve.map((p) => p.flow.toFixed())).toEqual(['0', '0', '50', '0'])
  })

  it('says no per cent where there was nothing left to gain by', () => {
    expect(summary([100, 0, 50], [flow(105, '-100'), flow(115, '50')])?.percent).toBeNull()
    expect(summary([-5, 10])?.percent).toBeNull()
  })

  it('begins where there is an account, and passes over what Alpaca does not know', () => {
    expect(curveOf(history([0, 0, null, 100, null, 110]), []).map((p) => [p.at, p.equity.toFixed()])).toEqual([
      [130, '100'],
      [150, '110'],
    ])
    expect(summary([])).toBeNull()
    expect(summary([100])).toBeNull()
    expect(curveOf(history([0, 100, 100]), [flow(105, '100')]).map((p) => p.flow.toFixed())).toEqual(['0', '0'])
  })

  it('ends with what the account is worth now', () => {
    const curve = curveOf(history([100, 110]), [])
    const now = upToNow(curve, '121', 125, [])
    expect(now.map((p) => [p.at, p.equity.toFixed()])).toEqual([
      [100, '100'],
      [110, '110'],
      [125, '121'],
    ])
    expect(summaryOf(now)).toMatchObject({ change: '21', percent: '21.0000' })
    // The day that is not over is a point already: it moves, and does not come twice.
    expect(upToNow(curve, '90', 105, []).map((p) => [p.at, p.equity.toFixed()])).toEqual([
      [100, '100'],
      [110, '90'],
    ])
    expect(upToNow(curve, null, 125, [])).toBe(curve)
    expect(upToNow([], '5', 125, [])).toEqual([])
    // What was paid in since the last point is no gain of the moment.
    expect(summaryOf(upToNow(curve, '210', 125, [flow(115, '100')]))).toMatchObject({
      change: '10',
      percent: '10.0000',
    })
  })

  it('has no fall that is shown as none', () => {
    expect(summary([100_000, 99_999, 100_001])?.deepest).toBeNull()
    expect(summary([100_000, 99_900, 100_001])?.deepest).toEqual({ percent: '-0.1', at: 110 })
  })

  it('falls from the height before', () => {
    expect(curveOf(history([100, 120, 90, 130]), []).map((p) => drawdown(p)?.toFixed(2))).toEqual([
      '0.00',
      '0.00',
      '-25.00',
      '0.00',
    ])
  })
})

describe('flows', () => {
  it('are of their time, or of noon of their day', () => {
    const activities = [
      { id: '1', activity_type: 'CSD', net_amount: '5', date: '2026-01-02' },
      { id: '2', activity_type: 'CSW', net_amount: '-7', date: '2026-01-01', created_at: '2026-01-01T15:00:00Z' },
      { id: '3', activity_type: 'JNLC', net_amount: '0', date: '2026-01-02' },
    ] as Activity[]
    expect(flowsOf(activities).map((f) => [new Date(f.at * 1000).toISOString(), f.amount.toFixed()])).toEqual([
      ['2026-01-01T15:00:00.000Z', '-7'],
      ['2026-01-02T12:00:00.000Z', '5'],
    ])
  })
})

describe('a period', () => {
  const now = new Date(2026, 4, 31, 12)
  it.each([
    ['1D', new Date(2026, 4, 30, 12)],
    ['1W', new Date(2026, 4, 24, 12)],
    ['1M', new Date(2026, 3, 30, 12)],
    ['3M', new Date(2026, 1, 28, 12)],
    ['1Y', new Date(2025, 4, 31, 12)],
    ['All', null],
  ] as const)('%s begins then', (period, begin) => expect(beginOf(period, now)).toEqual(begin))

  it.each([
    ['1D', '5Min'],
    ['1W', '1H'],
    ['1M', '1D'],
    ['1Y', '1D'],
  ] as const)('%s is told by steps of %s', (period, step) => expect(stepOf(beginOf(period, now)!, now)).toBe(step))

  it('of an account that is new is told by smaller steps', () => {
    expect(stepOf(new Date(now.getTime() - 3_600_000), now)).toBe('5Min')
    expect(stepOf(new Date(now.getTime() - 5 * 86_400_000), now)).toBe('1H')
  })

  it('of days is told at night, too', () => {
    expect(historyQuery(now, '5Min')).toMatch(/timeframe=5Min&intraday_reporting=continuous&pnl_reset=no_reset/)
    expect(historyQuery(now, '1D')).toBe(`start=${encodeURIComponent(now.toISOString())}&timeframe=1D`)
  })
})
