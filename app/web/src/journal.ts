// What the journal page works out of round trips. Amounts stay decimals.
import Decimal from 'decimal.js'
import type { TradingPosition } from './types'

/** Profit, fees and what is left of it, of the trips that are shown. */
export function totals(trips: TradingPosition[]) {
  const sum = (of: (t: TradingPosition) => string) => trips.reduce((all, t) => all.plus(of(t)), new Decimal(0)).toFixed()
  return { realized: sum((t) => t.realized_pl), fees: sum((t) => t.fees), net: sum((t) => t.net_pl) }
}

/** The trips of a page put behind those before it; one that is there already is
 * brought up to date in its place. */
export function joined(before: TradingPosition[], page: TradingPosition[]): TradingPosition[] {
  const news = new Map(page.map((t) => [t.id, t]))
  const known = new Set(before.map((t) => t.id))
  return [...before.map((t) => news.get(t.id) ?? t), ...page.filter((t) => !known.has(t.id))]
}
