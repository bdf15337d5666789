// One's own fills, at the candles in which they were.
import Decimal from 'decimal.js'
import { price, quantity } from '../money'
import type { Bar } from './bars'

export interface OwnFill {
  id: string
  side: 'buy' | 'sell'
  qty: string
  price: string | null
  at: string
}

export interface FillMarker {
  bar: number
  side: 'buy' | 'sell'
  words: string
}

/** The candle in which a time is; -1 before the first one. */
function barAt(bars: Bar[], at: number): number {
  let [low, high] = [0, bars.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (bars[middle]!.at <= at) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** A marker for each candle and side: their quantity together, at what they came to on average. */
export function fillMarkers(bars: Bar[], fills: OwnFill[]): FillMarker[] {
  const sums = new Map<string, { bar: number; side: 'buy' | 'sell'; qty: Decimal; worth: Decimal | null }>()
  for (const fill of fills) {
    const bar = barAt(bars, Date.parse(fill.at))
    if (bar < 0) continue
    const key = `${bar} ${fill.side}`
    const sum = sums.get(key) ?? { bar, side: fill.side, qty: new Decimal(0), worth: new Decimal(0) }
    sum.qty = sum.qty.plus(fill.qty)
    sum.worth = sum.worth && fill.price !== null ? sum.worth.plus(new Decimal(fill.price).times(fill.qty)) : null
    sums.set(key, sum)
  }
  return [...sums.values()]
    .sort((a, b) => a.bar - b.bar)
    .map(({ bar, side, qty, worth }) => ({
      bar,
      side,
      words: `${quantity(qty.toFixed())}${worth && qty.gt(0) ? ` at ${price(worth.div(qty).toFixed())}` : ''}`,
    }))
}
