// What became of an order, in words, the earliest first.
import { line } from './orders'
import { dollars, price, quantity } from './money'
import { localText } from './serverText'
import type { Order, OrderTimeline } from './types'

export interface Moment {
  key: string
  at: string | null // null where nobody knows when
  what: string
  detail: string
  kind: 'asked' | 'alpaca' | 'fill' | 'bad' | 'void'
  /** Another order that it is about. */
  order?: Order
}

type Request = OrderTimeline['requests'][number]

/** Who asked for it, in words. me is the user who looks. */
export function askedBy({ order: o, names }: OrderTimeline, me?: string): string {
  if (!o.submitted_by) return 'Placed elsewhere, and not through Paddock'
  const user = o.submitted_by === me ? 'you' : (names[o.submitted_by] ?? 'somebody who has left Paddock')
  if (!o.token_id) return `Asked for by ${user}`
  const token = names[o.token_id]
  return `Asked for by ${token ? `the API token “${token}”` : 'an API token that is gone'} of ${user}`
}

function requestedBy(r: Request, t: OrderTimeline, me?: string): string {
  if (r.kind !== 'user') return r.kind === 'worker' ? 'by Paddock' : `by ${r.kind} ${r.actor ?? ''}`.trim()
  return r.actor === me ? 'by you' : `by ${(r.actor && t.names[r.actor]) || `user ${r.actor}`}`
}

const marks = {
  live: '',
  busted: ' Alpaca took it back: it does not count.',
  corrected: ' Alpaca corrected it: the correction counts instead.',
}

export function momentsOf(t: OrderTimeline, me?: string): Moment[] {
  const o = t.order
  const list: Moment[] = []
  const add = (key: string, at: string | null, kind: Moment['kind'], what: string, detail = '', order?: Order) =>
    list.push({ key, at, kind, what, detail, ...(order && { order }) })

  const made = t.requests.find((r) => ['order.place', 'order.replace'].includes(r.action))
  add('asked', o.created_at, 'asked', askedBy(t, me), made?.request_id ? `Request ${made.request_id}` : '')
  if (t.replaces) add('replaces', o.created_at, 'asked', 'In place of', line(t.replaces), t.replaces)
  if (t.quote)
    add(
      'quote',
      t.quote.asked_at,
      'alpaca',
      `The market was at ${price(t.quote.bid, 9)} bid, ${price(t.quote.ask, 9)} asked`,
    )
  if (o.submitted_at)
    add(
      'taken',
      o.submitted_at,
      'alpaca',
      'Alpaca took it',
      o.broker_request_id ? `Alpaca’s request ${o.broker_request_id}` : '',
    )
  for (const e of t.executions)
    add(
      e.id,
      e.at,
      e.state === 'live' ? 'fill' : 'void',
      `${o.side === 'sell' ? 'Sold' : 'Bought'} ${quantity(e.qty)} at ${price(e.price, 9)}`,
      `${e.previous_execution_id ? 'It stands for one that Alpaca corrected.' : ''}${marks[e.state]}`.trim(),
    )
  t.requests
    .filter((r) => r !== made)
    .forEach((r, n) => {
      const what = {
        'order.cancel': 'Cancellation asked for',
        'order.send_again': 'Sent again',
        'order.dismiss': 'Said to have never been placed',
      }
      const words = what[r.action as keyof typeof what]
      if (words)
        add(
          `request-${n}`,
          r.at,
          'asked',
          `${words} ${requestedBy(r, t, me)}`,
          r.request_id ? `Request ${r.request_id}` : '',
        )
    })
  if (o.filled_at)
    add(
      'filled',
      o.filled_at,
      'fill',
      'Filled whole',
      `${quantity(o.filled_qty)} at ${price(o.filled_avg_price, 9)} on average`,
    )
  if (t.replaced_by)
    add(
      'replaced',
      o.replaced_at ?? t.replaced_by.created_at,
      'alpaca',
      'Replaced by',
      line(t.replaced_by),
      t.replaced_by,
    )
  if (o.canceled_at) add('canceled', o.canceled_at, 'alpaca', 'Canceled')
  if (o.expired_at) add('expired', o.expired_at, 'alpaca', 'Expired')
  const said = o.status_message ? localText(o.status_message) : ''
  if (o.status === 'rejected')
    add(
      'refused',
      o.failed_at ?? o.updated_at,
      'bad',
      o.intent_state === 'dismissed'
        ? 'Said to have never been placed'
        : o.intent_state === 'unsent'
          ? 'Never sent'
          : 'Refused by Alpaca',
      said || 'No reason was given.',
    )
  else if (said) add('message', o.updated_at, 'bad', said)
  // What is of one moment stays in the order of what leads to what.
  return list
    .map((m, n) => ({ m, n }))
    .sort((a, b) => (a.m.at ?? '').localeCompare(b.m.at ?? '') || a.n - b.n)
    .map(({ m }) => m)
}

/** What was paid beyond the middle of the market, in words. */
export function slippageWords(s: OrderTimeline['slippage']): string {
  if (!s) return 'not known'
  const worse = !s.per_unit.startsWith('-')
  const amount = s.total.replace('-', '')
  if (!Number(amount)) return `none: filled at the middle of the market, ${price(s.mid, 9)}`
  return `${dollars(amount)} ${worse ? 'worse' : 'better'} than the middle of the market, ${price(s.mid, 9)} (${quantity(s.bps.replace('-', ''))} bp)`
}
