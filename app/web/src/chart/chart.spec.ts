import { describe, expect, it } from 'vitest'
import { anOrder, aPosition } from '../testing/fixtures'
import { moved, readBars, withNewer, type Bar } from './bars'
import { faint } from './colours'
import { linesOf, settle, stepped } from './lines'
import { fillMarkers } from './markers'
import { axisTimes, isOutside, offsetOf, outsideRuns, readHours } from './times'
import { timeframes } from './timeframes'

const frame = (id: string) => timeframes.find((f) => f.id === id)!
const ms = (text: string) => Date.parse(text)
const bar = (at: string, change: Partial<Bar> = {}): Bar => ({
  at: ms(at),
  open: 10,
  high: 12,
  low: 9,
  close: 11,
  volume: 5,
  ...change,
})

describe('candles', () => {
  it('are read in the order of time, each once', () => {
    const told = (t: string, c: number) => ({ t, o: 1, h: 1, l: 1, c, v: 1 })
    const read = readBars([
      told('2026-01-06T15:02:00Z', 3),
      told('2026-01-06T15:01:00Z', 2),
      told('2026-01-06T15:01:00Z', 2),
    ])
    expect(read.map((b) => b.close)).toEqual([2, 3])
  })

  it('move by a price within the last one, and never by one that is older', () => {
    const bars = [bar('2026-01-06T15:00:00Z'), bar('2026-01-06T15:05:00Z')]
    const up = moved(bars, frame('5Min'), 13, ms('2026-01-06T15:09:59Z'))
    expect(up.at(-1)).toMatchObject({ open: 10, high: 13, low: 9, close: 13, volume: 5 })
    expect([up.length, bars.at(-1)!.close]).toEqual([2, 11])
    expect(moved(bars, frame('5Min'), 13, ms('2026-01-06T15:04:59Z'))).toBe(bars)
    expect(moved(bars, frame('5Min'), 11, ms('2026-01-06T15:06:00Z'))).toBe(bars)
  })

  it.each([
    ['1Min', '2026-01-06T15:05:00Z', '2026-01-06T15:07:12Z', '2026-01-06T15:07:00Z'],
    ['15Min', '2026-01-06T15:00:00Z', '2026-01-06T15:15:00Z', '2026-01-06T15:15:00Z'],
    ['1Hour', '2026-01-06T15:00:00Z', '2026-01-06T17:59:00Z', '2026-01-06T17:00:00Z'],
    ['1Day', '2026-01-06T05:00:00Z', '2026-01-07T14:30:00Z', '2026-01-07T05:00:00Z'],
    ['1Week', '2026-01-05T05:00:00Z', '2026-01-12T14:30:00Z', '2026-01-12T05:00:00Z'],
    ['1Month', '2026-01-01T05:00:00Z', '2026-02-02T14:30:00Z', '2026-02-01T05:00:00Z'],
  ])('of %s begin anew where a price is of the next one', (id, last, at, start) => {
    expect(moved([bar(last)], frame(id), 20, ms(at)).at(-1)).toEqual({
      at: ms(start),
      open: 20,
      high: 20,
      low: 20,
      close: 20,
      volume: 0,
    })
  })

  it('keep those that quotes have made after the last one that was read', () => {
    const shown = [bar('2026-01-06T15:00:00Z'), bar('2026-01-06T15:01:00Z'), bar('2026-01-06T15:16:00Z', { close: 20 })]
    const read = [bar('2026-01-06T15:00:00Z'), bar('2026-01-06T15:01:00Z', { close: 15 })]
    expect(withNewer(read, shown).map((b) => b.close)).toEqual([11, 15, 20])
    expect(withNewer([], shown)).toEqual([])
  })
})

describe('the axis', () => {
  it('has the zone’s own times, also before and after its clocks change', () => {
    const times = (zone: string, ...at: string[]) =>
      axisTimes(
        at.map((t) => bar(t)),
        frame('1Hour'),
        zone,
      ).map((s) => new Date(s * 1000).toISOString().slice(5, 16))
    expect(times('America/New_York', '2026-03-06T14:00:00Z', '2026-03-09T13:00:00Z')).toEqual([
      '03-06T09:00',
      '03-09T09:00',
    ])
    expect(times('Asia/Kolkata', '2026-03-06T14:00:00Z')).toEqual(['03-06T19:30'])
    expect(offsetOf('Europe/Berlin', ms('2026-07-01T00:10:00Z'))).toBe(7200_000)
  })

  it('goes on where clocks go back, and an hour comes twice', () => {
    const bars = Array.from({ length: 240 }, (_, n) =>
      bar(new Date(ms('2026-11-01T04:00:00Z') + n * 60_000).toISOString()),
    )
    const times = axisTimes(bars, frame('1Min'), 'America/New_York')
    expect(times.every((t, n) => n === 0 || t > times[n - 1]!)).toBe(true)
    expect(new Date(times.at(-1)! * 1000).toISOString()).toBe('2026-11-01T02:59:00.000Z')
  })

  it('has days at their date', () => {
    const [day] = axisTimes([bar('2026-01-06T05:00:00Z')], frame('1Day'), 'America/New_York')
    expect(new Date(day! * 1000).toISOString()).toBe('2026-01-06T00:00:00.000Z')
  })
})

describe('regular hours', () => {
  const hours = readHours([
    { date: '2026-11-25', open: '09:30', close: '16:00' },
    { date: '2026-11-27', open: '09:30', close: '13:00' }, // the day after Thanksgiving
    { date: '2026-03-09', open: '09:30', close: '16:00' },
  ])
  it.each([
    ['before the bell', '2026-11-25T09:25:00-05:00', true],
    ['at the bell', '2026-11-25T09:30:00-05:00', false],
    ['in the last minutes', '2026-11-25T15:55:00-05:00', false],
    ['at the close', '2026-11-25T16:00:00-05:00', true],
    ['on a holiday', '2026-11-26T11:00:00-05:00', true],
    ['on a half day', '2026-11-27T12:55:00-05:00', false],
    ['after a half day', '2026-11-27T13:00:00-05:00', true],
    ['on the Monday after clocks went forward', '2026-03-09T09:30:00-04:00', false],
  ])('%s', (_, at, outside) => expect(isOutside(ms(at), frame('5Min'), hours)).toBe(outside))

  it('are the usual ones from Monday to Friday where the calendar is not known', () => {
    const at = (text: string) => isOutside(ms(text), frame('1Hour'), null)
    expect([at('2026-01-06T09:00:00-05:00'), at('2026-01-06T08:00:00-05:00'), at('2026-01-10T11:00:00-05:00')]).toEqual(
      [false, true, true],
    )
  })

  it('leave runs of candles outside of them', () => {
    const bars = ['15:30', '15:55', '16:00', '16:05'].map((t) => bar(`2026-11-25T${t}:00-05:00`))
    bars.push(bar('2026-11-27T09:30:00-05:00'), bar('2026-11-27T13:05:00-05:00'))
    expect(outsideRuns(bars, frame('5Min'), hours)).toEqual([
      [2, 3],
      [5, 5],
    ])
  })
})

describe('the lines of a symbol', () => {
  const parent = anOrder({ id: 'parent', alpaca_order_id: 'p', status: 'filled' })
  const leg = { alpaca_order_id: 'l', parent_alpaca_order_id: 'p', side: 'sell' as const }

  it('are the average, and the limits and stops of its open orders, to the last digit', () => {
    const orders = [
      parent,
      anOrder({ id: '1', alpaca_order_id: '1', type: 'limit', limit_price: '180.0001', side: 'buy' }),
      anOrder({
        id: '2',
        alpaca_order_id: '2',
        type: 'stop_limit',
        limit_price: '169',
        stop_price: '170',
        side: 'sell',
      }),
      anOrder({ id: '3', ...leg, type: 'limit', limit_price: '210' }),
      anOrder({ id: '4', ...leg, type: 'stop', stop_price: '160', status: 'held' }),
      anOrder({ id: '5', alpaca_order_id: '5', type: 'limit', limit_price: '1', status: 'canceled' }),
      anOrder({ id: '6', alpaca_order_id: '6', type: 'limit', limit_price: '1', symbol: 'TSLA' }),
      anOrder({
        id: '7',
        alpaca_order_id: '7',
        type: 'trailing_stop',
        trail_percent: '1',
        stop_price: '185',
        side: 'sell',
      }),
      anOrder({ id: '8', alpaca_order_id: '8', type: 'limit', limit_price: '150', status: 'pending_cancel' }),
    ]
    const lines = linesOf('AAPL', orders, [aPosition({ avg_entry_price: '181.23456789' })])
    expect(lines.map((l) => [l.words, l.price, l.moves?.field ?? null])).toEqual([
      ['average of 10', '181.23456789', null],
      ['buy 10 limit', '180.0001', 'limit_price'],
      ['sell 10 stop’s limit', '169', 'limit_price'],
      ['sell 10 stop', '170', 'stop_price'],
      ['sell 10 take profit', '210', 'limit_price'],
      ['sell 10 stop loss', '160', 'stop_price'],
      ['sell 10 trailing stop', '185', null],
      ['buy 10 limit', '150', null],
    ])
  })

  it('are those of a pair with and without its slash', () => {
    const held = aPosition({ symbol: 'BTCUSD' })
    const order = anOrder({ symbol: 'BTC/USD', alpaca_order_id: '1', type: 'limit', limit_price: '1' })
    expect(linesOf('BTC/USD', [order], [held])).toHaveLength(2)
  })

  it('settle at a price that an order may have', () => {
    expect([
      settle('AAPL', 187.12499999),
      settle('AAPL', 0.123456),
      settle('DOGE/USD', 0.1234567),
      settle('AAPL', -3),
    ]).toEqual(['187.12', '0.1235', '0.123457', '0'])
    expect([stepped('AAPL', '180.1', 1), stepped('AAPL', '180', -10), stepped('AAPL', '0.0001', -1)]).toEqual([
      '180.11',
      '179.9',
      '0.0001',
    ])
  })
})

describe('the markers of fills', () => {
  const bars = [bar('2026-01-06T15:00:00Z'), bar('2026-01-06T15:05:00Z')]
  const fill = (side: 'buy' | 'sell', at: string, qty: string, price: string | null = '190') => ({
    id: at,
    side,
    at,
    qty,
    price,
  })

  it('stand at their candle, one a side, with quantity and average', () => {
    expect(
      fillMarkers(bars, [
        fill('sell', '2026-01-06T15:07:00Z', '5', null),
        fill('buy', '2026-01-06T15:04:59.999Z', '0.1', '190'),
        fill('buy', '2026-01-06T15:00:00Z', '0.2', '193'),
        fill('buy', '2026-01-06T14:59:59Z', '100'), // before the first candle
      ]),
    ).toEqual([
      { bar: 0, side: 'buy', words: '0.3 at 192.00' },
      { bar: 1, side: 'sell', words: '5' },
    ])
  })
})

it('a colour of the page is made faint', () => {
  expect([faint('#131c2f', 0.5), faint('#fff', 1)]).toEqual(['rgba(19, 28, 47, 0.5)', 'rgba(255, 255, 255, 1)'])
})
