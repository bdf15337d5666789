// What an order is, in words, and which belong together.
import type { OrderEvent } from 'paddock-live'
import { money, price, quantity } from './money'
import type { Order, Replacement, TimeInForce } from './types'

const over = ['filled', 'canceled', 'expired', 'rejected', 'replaced'] // app.is_ended in Postgres

/** Whether Alpaca has it and may still fill it. */
export const isOpen = (o: Order) => ![...over, 'unknown', 'submitting'].includes(o.status)
export const isUnknown = (o: Order) => o.intent_state === 'unknown'
export const isReplaceable = (o: Order) => isOpen(o) && o.alpaca_order_id !== null && !o.status.startsWith('pending')

/** Its type with its prices: stop limit 180.00 → 179.00. */
export function terms(o: Order): string {
  const type = (o.type ?? '').replaceAll('_', ' ')
  const trail = o.trail_percent ? `${quantity(o.trail_percent)} %` : o.trail_price ? price(o.trail_price, 9) : ''
  const prices = [trail && `by ${trail}`, o.stop_price && `${trail ? 'at ' : ''}${price(o.stop_price, 9)}`]
    .filter(Boolean)
    .join(' ')
  return [type, prices, o.limit_price && `${o.type === 'stop_limit' ? '→ ' : ''}${price(o.limit_price, 9)}`]
    .filter(Boolean)
    .join(' ')
}

export const size = (o: Order) => (o.qty ? quantity(o.qty) : `$${money(o.notional)}`)

/** The order in one line, for a sentence about it. */
export const line = (o: Order) => [o.side, size(o), o.symbol, terms(o)].filter(Boolean).join(' ')

/** The orders with one more, the newest first: it stands in its place, unless
 * what is there is newer. One that was read from Alpaca goes by Alpaca's id
 * until Paddock has one for it. */
export function upsert(orders: Order[], o: Order): Order[] {
  const same = (known: Order) =>
    known.id === o.id || (o.alpaca_order_id !== null && known.alpaca_order_id === o.alpaca_order_id)
  if (o.id === o.alpaca_order_id && orders.some((known) => known.id !== o.id && same(known))) return orders
  const at = orders.findIndex(same)
  if (at < 0) return [...orders, o].sort((a, b) => (a.created_at < b.created_at ? 1 : -1))
  const before = orders.find((known) => known.id === o.id)
  const newer = before && before.updated_at > o.updated_at ? before : o
  return orders.map((known, i) => (i === at ? newer : known)).filter((known, i) => i === at || !same(known))
}

/** A fill, as a notice. */
export function fillNotice(o: Order, execution: NonNullable<OrderEvent['data']['execution']>, account: string) {
  return {
    severity: 'success' as const,
    summary: `${o.side === 'buy' ? 'Bought' : 'Sold'} ${quantity(execution.qty)} ${o.symbol}`,
    detail: `at ${price(execution.price)} · ${account}`,
  }
}

export interface Row {
  order: Order
  leg: boolean // of the order above it
  instead: Order | null // the order that it stands for
}

/** The orders as they are listed: each with its legs under it, whatever their
 * age, and with the one that it replaced. */
export function arrange(orders: Order[]): Row[] {
  const known = new Map(orders.map((o) => [o.alpaca_order_id, o]))
  const find = (id: string | null) => (id && known.get(id)) || null
  const legs = new Map<Order, Order[]>()
  for (const o of orders) {
    const parent = find(o.parent_alpaca_order_id)
    if (parent) legs.set(parent, [...(legs.get(parent) ?? []), o])
  }
  const row = (order: Order, leg: boolean): Row => ({ order, leg, instead: find(order.replaces) })
  return orders
    .filter((o) => !find(o.parent_alpaca_order_id))
    .flatMap((o) => [row(o, false), ...(legs.get(o) ?? []).map((leg) => row(leg, true))])
}

/** What a person can change of an order, as the form has it. */
export interface Change {
  qty: string
  limit_price: string
  stop_price: string
  trail: string
  time_in_force: TimeInForce
}

export function changeable(o: Order): Change {
  return {
    qty: o.qty ?? '',
    limit_price: o.limit_price ?? '',
    stop_price: o.type === 'trailing_stop' ? '' : (o.stop_price ?? ''),
    trail: o.trail_price ?? o.trail_percent ?? '',
    time_in_force: (o.time_in_force ?? 'day') as TimeInForce,
  }
}

/** Only what differs from the order: what is left out stays as it is. */
export function replacement(o: Order, form: Change): Replacement {
  const was = changeable(o)
  const names = (Object.keys(was) as (keyof Change)[]).filter((name) => form[name] !== was[name])
  return Object.fromEntries(names.map((name) => [name, form[name]]))
}
