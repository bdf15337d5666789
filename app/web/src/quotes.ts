import Decimal from 'decimal.js'
import type { Position } from './types'

/** The position at another price: its worth and gain move by what its quantity, and for an option the hundred
 * shares of a contract, moves. Where Alpaca has said no price there is nothing to move from. */
export function atPrice(p: Position, price: string): Position {
  if (p.current_price === null || p.market_value === null || p.unrealized_pl === null) return p
  const units = p.asset_class === 'us_option' ? 100 : 1
  const moved = new Decimal(price).minus(p.current_price).times(p.qty).times(units)
  if (moved.isZero()) return p
  return {
    ...p,
    current_price: price,
    market_value: moved.plus(p.market_value).toFixed(),
    unrealized_pl: moved.plus(p.unrealized_pl).toFixed(),
  }
}
