import { describe, expect, it } from 'vitest'
import { bellWords, nextBell, timeLeft } from './market'
import type { MarketClock } from './types'

const clock = (change: Partial<MarketClock>): MarketClock => ({
  timestamp: '',
  is_open: false,
  next_open: '',
  next_close: '',
  ...change,
})
const at = (text: string) => new Date(text).getTime()
/** What is said at a time, by what Alpaca's clock said before. */
function words(now: string, of: MarketClock) {
  const bell = nextBell(of, at(now))
  return bell && bellWords(bell, at(now)).replace(/[\u00a0\u202f]/g, ' ')
}

describe('the bell', () => {
  const day = clock({ is_open: true, next_open: '2026-01-07T09:30:00-05:00', next_close: '2026-01-06T16:00:00-05:00' })

  it('is counted down, and after it the next one, without being asked for again', () => {
    expect(words('2026-01-06T13:46:00-05:00', day)).toBe('Open, closes in 2 h 14 min')
    expect(words('2026-01-06T15:59:20-05:00', day)).toBe('Open, closes in 40 s')
    expect(words('2026-01-06T16:00:00-05:00', day)).toBe('Closed, opens Wed 9:30 AM New York')
    expect(words('2026-01-07T08:00:00-05:00', day)).toBe('Closed, opens 9:30 AM New York, in 1 h 30 min')
    expect(words('2026-01-07T09:30:00-05:00', day)).toBeNull() // what comes then was not told
  })

  it('opens the same day', () => {
    const early = clock({ next_open: '2026-01-06T09:30:00-05:00', next_close: '2026-01-06T16:00:00-05:00' })
    expect(words('2026-01-06T07:00:00-05:00', early)).toBe('Closed, opens 9:30 AM New York, in 2 h 30 min')
    expect(words('2026-01-06T09:30:00-05:00', early)).toBe('Open, closes in 6 h 30 min')
  })

  it('comes after a weekend, also where a holiday follows it', () => {
    const weekend = clock({ next_open: '2026-01-20T09:30:00-05:00', next_close: '2026-01-20T16:00:00-05:00' }) // Martin Luther King Jr. Day
    expect(words('2026-01-17T12:00:00-05:00', weekend)).toBe('Closed, opens Tue 9:30 AM New York')
    expect(words('2026-01-19T22:00:00-05:00', weekend)).toBe('Closed, opens Tue 9:30 AM New York, in 11 h 30 min')
  })

  it('is early on a half day, and says so', () => {
    const half = clock({
      is_open: true,
      next_open: '2026-11-30T09:30:00-05:00',
      next_close: '2026-11-27T13:00:00-05:00',
    })
    expect(words('2026-11-27T12:45:00-05:00', half)).toBe('Open, closes early, 1:00 PM New York, in 15 min')
    expect(words('2026-11-27T13:00:00-05:00', half)).toBe('Closed, opens Mon 9:30 AM New York')
  })

  it('is so many hours away as pass, also where the clocks change meanwhile', () => {
    const spring = clock({ next_open: '2026-03-09T09:30:00-04:00', next_close: '2026-03-09T16:00:00-04:00' })
    expect(words('2026-03-08T00:30:00-05:00', spring)).toBe('Closed, opens Mon 9:30 AM New York')
    expect(words('2026-03-08T22:30:00-04:00', spring)).toBe('Closed, opens Mon 9:30 AM New York, in 11 h 0 min')
    const autumn = clock({ next_open: '2026-11-02T09:30:00-05:00', next_close: '2026-11-02T16:00:00-05:00' })
    expect(words('2026-11-02T02:29:00Z', autumn)).toBe('Closed, opens Mon 9:30 AM New York') // 12 h 1 min
    expect(words('2026-11-02T02:31:00Z', autumn)).toBe('Closed, opens Mon 9:30 AM New York, in 11 h 59 min')
  })

  it('is no early one where the market never closes', () => {
    const always = clock({
      is_open: true,
      next_open: '2026-01-07T10:00:00-05:00',
      next_close: '2026-01-07T10:00:00-05:00',
    })
    expect(words('2026-01-06T10:00:00-05:00', always)).toBe('Open, closes in 24 h 0 min')
  })

  it('is never less than nothing away', () => expect([timeLeft(-5), timeLeft(59_500)]).toEqual(['0 s', '1 min']))
})
