// What the journal page works out of round trips. Amounts stay decimals.
import Decimal from 'decimal.js'
import type { TradingPosition } from './types'

/** Sums keep every digit: the usual twenty are not enough for all. */
const Exact = Decimal.clone({ precision: 1000 })

/** Profit, fees and what is left of it, of the trips that are shown. */
export function totals(trips: TradingPosition[]) {
  const sum = (of: (t: TradingPosition) => string) => trips.reduce((all, t) => all.plus(of(t)), new Exact(0)).toFixed()
  return { realized: sum((t) => t.realized_pl), fees: sum((t) => t.fees), net: sum((t) => t.net_pl) }
}

/** What is shown together with a page of trips, the newest first; one that is
 * there already is brought up to date. */
export function joined(before: TradingPosition[], page: TradingPosition[]): TradingPosition[] {
  const all = new Map([...before, ...page].map((t) => [t.id, t]))
  return [...all.values()].sort((a, b) => (a.opened_at < b.opened_at ? 1 : a.opened_at > b.opened_at ? -1 : 0))
}
