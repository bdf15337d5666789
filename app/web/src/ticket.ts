// What a person fills in, and the order that it comes to.
import { readAmount } from './typed'
import type { OrderDraft, OrderType, TimeInForce } from './types'

export interface Ticket {
  side: 'buy' | 'sell'
  symbol: string
  unit: 'units' | 'dollars'
  amount: string
  type: OrderType
  limit: string
  stop: string
  trailBy: 'price' | 'percent'
  trail: string
  tif: TimeInForce
  extended: boolean
  /** after: take profit and stop loss follow the fill, as a bracket or oto.
   * pair: they are the order itself, an oco for what is held already. */
  exits: 'none' | 'after' | 'pair'
  takeProfit: string
  stopLoss: string
  stopLossLimit: string
  /** Why, for whoever approves it. It makes no other order of it, so that the order is without. */
  reason: string
}

export function emptyTicket(): Ticket {
  return {
    side: 'buy',
    symbol: '',
    unit: 'units',
    amount: '',
    type: 'market',
    limit: '',
    stop: '',
    trailBy: 'price',
    trail: '',
    tif: 'day',
    extended: false,
    exits: 'none',
    takeProfit: '',
    stopLoss: '',
    stopLossLimit: '',
    reason: '',
  }
}

/** The same ticket without what only its second part can set. */
export function simple(t: Ticket): Ticket {
  const kept = {
    ...emptyTicket(),
    side: t.side,
    symbol: t.symbol,
    reason: t.reason,
    amount: t.unit === 'units' ? t.amount : '',
  }
  if (t.tif === 'gtc') kept.tif = 'gtc'
  return t.type === 'limit' ? { ...kept, type: 'limit', limit: t.limit } : kept
}

/** The type that is sent: an exit pair is always a limit order. */
export const typeOf = (t: Ticket): OrderType => (t.exits === 'pair' ? 'limit' : t.type)
export const takesLimit = (t: Ticket) => t.exits !== 'pair' && (t.type === 'limit' || t.type === 'stop_limit')
export const takesStop = (t: Ticket) => t.exits !== 'pair' && (t.type === 'stop' || t.type === 'stop_limit')
export const takesTrail = (t: Ticket) => t.exits !== 'pair' && t.type === 'trailing_stop'
export const takesExtended = (t: Ticket) => typeOf(t) === 'limit' && t.exits !== 'pair'

/** The amounts that count, with what a person calls them. */
function amounts(t: Ticket) {
  const all = [{ name: t.unit === 'dollars' ? 'dollars' : 'quantity', text: t.amount, needed: true }]
  if (takesLimit(t)) all.push({ name: 'limit price', text: t.limit, needed: true })
  if (takesStop(t)) all.push({ name: 'stop price', text: t.stop, needed: true })
  if (takesTrail(t)) all.push({ name: 'trail', text: t.trail, needed: true })
  if (t.exits === 'none') return all
  const pair = t.exits === 'pair'
  return [
    ...all,
    { name: 'take profit', text: t.takeProfit, needed: pair },
    { name: 'stop loss', text: t.stopLoss, needed: pair || t.stopLossLimit !== '' },
    { name: 'stop loss limit', text: t.stopLossLimit, needed: false },
  ]
}

/** What is still to be filled in, in a sentence; '' when the order is whole. */
export function missing(t: Ticket): string {
  const empty = amounts(t)
    .filter((a) => a.needed && a.text === '')
    .map((a) => a.name)
  if (t.symbol.trim() === '') empty.unshift('symbol')
  if (empty.length) return `Still to fill in: ${empty.join(', ')}.`
  if (t.exits === 'after' && t.takeProfit === '' && t.stopLoss === '')
    return 'Still to fill in: a take profit, a stop loss, or both.'
  if (t.exits !== 'none' && t.unit === 'dollars') return 'An order with exits is for a quantity, not for dollars.'
  return ''
}

/** The first text that is not a number above 0. */
export function malformed(t: Ticket): string {
  return amounts(t).find((a) => a.text !== '' && readAmount(a.text) === null)?.text ?? ''
}

/** The order, or null while something is missing or malformed. */
export function toOrder(t: Ticket): OrderDraft | null {
  if (missing(t) || malformed(t)) return null
  const read = (text: string) => readAmount(text) ?? ''
  const order: OrderDraft = {
    symbol: t.symbol.trim().toUpperCase(),
    side: t.side,
    type: typeOf(t),
    time_in_force: t.tif,
  }
  order[t.unit === 'dollars' ? 'notional' : 'qty'] = read(t.amount)
  if (takesLimit(t)) order.limit_price = read(t.limit)
  if (takesStop(t)) order.stop_price = read(t.stop)
  if (takesTrail(t)) order[t.trailBy === 'price' ? 'trail_price' : 'trail_percent'] = read(t.trail)
  if (takesExtended(t) && t.extended) order.extended_hours = true
  if (t.exits !== 'none') {
    if (t.takeProfit) order.take_profit = { limit_price: read(t.takeProfit) }
    if (t.stopLoss)
      order.stop_loss = {
        stop_price: read(t.stopLoss),
        ...(t.stopLossLimit && { limit_price: read(t.stopLossLimit) }),
      }
    order.order_class = t.exits === 'pair' ? 'oco' : t.takeProfit && t.stopLoss ? 'bracket' : 'oto'
  }
  return order
}
