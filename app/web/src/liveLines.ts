// What somebody agrees to, as rows of a name and a value, and what it is worth.
import Decimal from 'decimal.js'
import { dollars, price, quantity } from './money'
import { line, size } from './orders'
import type { Order, OrderDraft, Preview, Replacement } from './types'

/** An order before it is sent, as rows of a name and a value: what somebody agrees to. */
export function orderLines(o: OrderDraft, preview: Preview | null): { name: string; value: string }[] {
  const lines = [
    { name: 'Side', value: o.side ?? '' },
    o.qty
      ? { name: 'Quantity', value: quantity(String(o.qty)) }
      : { name: 'Dollars', value: dollars(String(o.notional)) },
    { name: 'Symbol', value: o.symbol ?? '' },
    { name: 'Price', value: priceWords(o) },
  ]
  const cost = preview?.estimated_cost
  const sale = cost != null && new Decimal(cost).isNeg()
  const amount = cost == null ? 'not known' : `about ${dollars(new Decimal(cost).abs().toFixed())}`
  return [...lines, { name: sale ? 'Brings in' : 'Costs', value: amount }]
}

function priceWords(o: OrderDraft): string {
  const parts = []
  if (o.stop_price) parts.push(`stop ${price(String(o.stop_price))}`)
  if (o.limit_price) parts.push(`limit ${price(String(o.limit_price))}`)
  if (o.trail_price) parts.push(`trails by ${dollars(String(o.trail_price))}`)
  if (o.trail_percent) parts.push(`trails by ${quantity(String(o.trail_percent))} %`)
  return parts.join(', ') || 'market'
}

/** What an order would be after a change, as rows of a name and a value: what somebody agrees to. */
export function replacedLines(o: Order, change: Replacement): { name: string; value: string }[] {
  const [qty, limit, stop] = [
    change.qty ?? o.qty,
    change.limit_price ?? o.limit_price,
    change.stop_price ?? o.stop_price,
  ]
  const prices = [stop && `stop ${price(String(stop), 9)}`, limit && `limit ${price(String(limit), 9)}`]
  return [
    { name: 'In place of', value: line(o) },
    { name: 'Side', value: o.side ?? '' },
    { name: 'Quantity', value: qty ? quantity(String(qty)) : size(o) },
    { name: 'Symbol', value: o.symbol ?? 'several legs' },
    { name: 'Price', value: prices.filter(Boolean).join(', ') || (o.type ?? '').replaceAll('_', ' ') },
  ]
}

/** What an order would be worth after a change, by the price that it names; null where it names none. */
export function replacedWorth(o: Order, change: Replacement): string | null {
  const qty = change.qty ?? o.qty
  const at = change.limit_price ?? o.limit_price ?? change.stop_price ?? o.stop_price
  if (o.order_class === 'mleg' || !qty || !at) return null
  const units = o.asset_class === 'us_option' ? 100 : 1
  return new Decimal(String(qty)).mul(String(at)).mul(units).abs().toFixed()
}
