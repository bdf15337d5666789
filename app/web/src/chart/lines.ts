// The prices that are lines on a chart: what a position has cost, and what open orders wait for.
import Decimal from 'decimal.js'
import { price, quantity } from '../money'
import { isOpen, isReplaceable, size } from '../orders'
import { isPair, plain } from '../symbols'
import type { Order, Position } from '../types'

export type LineKind = 'average' | 'buy' | 'sell'

export interface Line {
  id: string
  kind: LineKind
  /** A decimal, such as 189.5. */
  price: string
  words: string
  /** The order that a drag is to change, and which of its prices; null where it cannot be. */
  moves: { order: Order; field: 'limit_price' | 'stop_price' } | null
}

/** What a price of an order does: legs are named by what they are for. */
function role(o: Order, field: 'limit_price' | 'stop_price'): string {
  const leg = o.parent_alpaca_order_id !== null
  if (leg && field === 'stop_price') return 'stop loss'
  if (leg && o.type === 'limit') return 'take profit'
  if (o.type === 'trailing_stop') return 'trailing stop'
  return field === 'limit_price' ? (o.type === 'stop_limit' ? 'stop’s limit' : 'limit') : 'stop'
}

function ofOrder(o: Order): Line[] {
  return (['limit_price', 'stop_price'] as const).flatMap((field) => {
    const at = o[field]
    if (at === null || at === undefined) return []
    const moves = isReplaceable(o) && o.type !== 'trailing_stop' ? { order: o, field } : null
    return [
      {
        id: `${o.id} ${field}`,
        kind: o.side === 'buy' ? ('buy' as const) : ('sell' as const),
        price: at,
        words: `${o.side} ${size(o)} ${role(o, field)}`,
        moves,
      },
    ]
  })
}

/** The lines of a symbol. */
export function linesOf(symbol: string, orders: Order[], positions: Position[]): Line[] {
  const mine = (one: { symbol: string | null }) => plain(one.symbol) === plain(symbol)
  const held = positions.find(mine)
  const average: Line[] = held
    ? [
        {
          id: 'average',
          kind: 'average',
          price: held.avg_entry_price,
          words: `average of ${quantity(held.qty)}`,
          moves: null,
        },
      ]
    : []
  return [...average, ...orders.filter((o) => mine(o) && isOpen(o)).flatMap(ofOrder)]
}

/** How many decimals an order's price may have: cents, below a dollar hundredths of them; of coins more. */
export function decimalsAt(symbol: string, at: string): number {
  const small = new Decimal(at).abs().lt(1)
  return isPair(symbol) ? (small ? 6 : 2) : small ? 4 : 2
}

/** A price as an order may have it, from where something was dragged to. */
export function settle(symbol: string, at: number): string {
  const exact = new Decimal(Math.max(at, 0))
  return exact.toDecimalPlaces(decimalsAt(symbol, exact.toFixed()), Decimal.ROUND_HALF_UP).toFixed()
}

/** The price so many of its smallest steps higher, or lower; never 0. */
export function stepped(symbol: string, at: string, steps: number): string {
  const step = new Decimal(10).pow(-decimalsAt(symbol, at))
  const to = new Decimal(at).plus(step.times(steps))
  return (to.gt(0) ? to : step).toFixed()
}

export const lineWords = (line: Line, at = line.price) => `${line.words} ${price(at)}`
