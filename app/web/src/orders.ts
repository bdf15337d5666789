// What an order is, in words, and which belong together.
import Decimal from 'decimal.js'
import type { OrderEvent } from 'paddock-live'
import { dollars, price, quantity } from './money'
import { fieldText, readAmount } from './typed'
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

export const size = (o: Order) => (o.qty ? quantity(o.qty) : dollars(o.notional))

/** The order in one line, for a sentence about it. */
export const line = (o: Order) => [o.side, size(o), o.symbol, terms(o)].filter(Boolean).join(' ')

/** A fill, as a notice. */
export function fillNotice(o: Order, execution: NonNullable<OrderEvent['data']['execution']>, account: string) {
  return {
    severity: 'success' as const,
    summary: `${o.side === 'buy' ? 'Bought' : 'Sold'} ${quantity(execution.qty)} ${o.symbol}`,
    detail: `at ${price(execution.price)} · ${account}`,
    net: new Decimal(execution.qty ?? 0)
      .times(execution.price ?? 0)
      .times(o.side === 'buy' ? -1 : 1)
      .toFixed(),
  }
}

/** An order that Alpaca refused, as a notice. */
export const refusalNotice = (o: Order, account: string) => ({
  severity: 'error' as const,
  summary: `Refused: ${line(o)}`,
  detail: [o.status_message, account].filter(Boolean).join(' · '),
})

export interface Row {
  order: Order
  leg: boolean // of the order above it
  instead: Order | null // the order that it stands for
}

/** Rows of which only those in sight are made. */
export interface Rows {
  length: number
  part(from: number, to: number): Row[]
}

/** The orders as they are listed: each with its legs under it, whatever their
 * age, and with the one that it replaced. */
export function arrange(orders: Order[]): Rows {
  // Few orders belong to another one: only what they name is looked for.
  const named = new Set<string>()
  let legs = 0
  for (const o of orders) {
    if (o.parent_alpaca_order_id) {
      named.add(o.parent_alpaca_order_id)
      legs++
    }
    if (o.replaces) named.add(o.replaces)
  }
  const known = new Map<string, Order>()
  if (named.size)
    for (const o of orders) if (o.alpaca_order_id && named.has(o.alpaca_order_id)) known.set(o.alpaca_order_id, o)
  const find = (id: string | null) => (id && known.get(id)) || null
  const row = (order: Order): Row => ({
    order,
    leg: find(order.parent_alpaca_order_id) !== null,
    instead: find(order.replaces),
  })
  const list = legs ? withLegsBelow(orders, (leg) => find(leg.parent_alpaca_order_id)) : orders
  return { length: list.length, part: (from, to) => list.slice(from, to).map(row) }
}

/** The same orders, each with its legs after it. */
function withLegsBelow(orders: Order[], parentOf: (leg: Order) => Order | null): Order[] {
  const legs = new Map<Order, Order[]>()
  for (const o of orders) {
    const parent = parentOf(o)
    if (parent) legs.set(parent, [...(legs.get(parent) ?? []), o])
  }
  return orders.flatMap((o) => (parentOf(o) ? [] : [o, ...(legs.get(o) ?? [])]))
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
    qty: fieldText(o.qty),
    limit_price: fieldText(o.limit_price),
    stop_price: o.type === 'trailing_stop' ? '' : fieldText(o.stop_price),
    trail: fieldText(o.trail_price ?? o.trail_percent),
    time_in_force: (o.time_in_force ?? 'day') as TimeInForce,
  }
}

/** What of the form differs from the order. */
function changed(o: Order, form: Change) {
  const was = changeable(o)
  return (Object.keys(was) as (keyof Change)[]).filter((name) => form[name] !== was[name])
}

/** The first text that is not a number above 0. */
export const malformedChange = (o: Order, form: Change): string | undefined =>
  changed(o, form)
    .filter((name) => name !== 'time_in_force')
    .map((name) => form[name])
    .find((text) => readAmount(text) === null)

/** Only what differs from the order: what is left out stays as it is. Nothing of it is malformed. */
export const replacement = (o: Order, form: Change): Replacement =>
  Object.fromEntries(
    changed(o, form).map((name) => [name, name === 'time_in_force' ? form[name] : readAmount(form[name])!]),
  )
