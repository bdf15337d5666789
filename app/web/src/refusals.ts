// What the guards refused is no order, and is listed among those that Alpaca refused.
import type { LiveEvent } from 'paddock-live'
import { localText } from './serverText'
import type { GuardRefusal, Order } from './types'

type GuardEvent = Extract<LiveEvent, { kind: 'guard' }>

const prefix = '00000000-0000-0000-'

/** Whether an id is that of a refusal: the number of an event in the form of an order's id. */
export const isRefusalId = (id: string) => id.startsWith(prefix)

/** A refusal that an event tells of, or null. */
export function refusalOf(e: GuardEvent): GuardRefusal | null {
  if (e.data.event !== 'refused') return null
  const digits = e.cursor.toString(16).padStart(32, '0')
  return {
    id: digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    created_at: e.at,
    violations: e.data.violations as GuardRefusal['violations'],
    request: (e.data.request ?? {}) as GuardRefusal['request'],
    submitted_by: e.data.submitted_by ?? null,
  }
}

/** Why the guards refused it, in words. */
export const reasons = (r: GuardRefusal) => r.violations.map((v) => localText(v.message))

/** It, as a list of orders shows it. */
export function asOrder(r: GuardRefusal): Order {
  const said = (name: string) => {
    const value = r.request[name]
    return typeof value === 'string' && value !== '' ? value : null
  }
  const type = said('type')
  return {
    id: r.id,
    alpaca_order_id: null,
    client_order_id: said('client_order_id') ?? '',
    symbol: said('symbol')?.toUpperCase() ?? null,
    side: said('side') as Order['side'],
    type,
    order_type: type,
    time_in_force: said('time_in_force'),
    asset_id: null,
    asset_class: null,
    expires_at: null,
    ratio_qty: null,
    order_class: said('order_class') ?? '',
    position_intent: said('position_intent'),
    qty: said('qty'),
    notional: said('notional'),
    limit_price: said('limit_price'),
    stop_price: said('stop_price'),
    trail_price: said('trail_price'),
    trail_percent: said('trail_percent'),
    hwm: null,
    extended_hours: r.request.extended_hours === true,
    filled_qty: '0',
    filled_avg_price: null,
    status: 'rejected',
    intent_state: 'rejected',
    status_message: `The guards refused it: ${reasons(r).join(' ')}`,
    action: 'place',
    parent_alpaca_order_id: null,
    replaces: null,
    replaced_by: null,
    submitted_by: r.submitted_by,
    token_id: null,
    reason: said('reason'),
    orchestrator_agent_id: said('orchestrator_agent_id'),
    tag: said('tag'),
    sleeve_id: said('sleeve_id'),
    broker_request_id: null,
    created_at: r.created_at,
    submitted_at: null,
    filled_at: null,
    canceled_at: null,
    expired_at: null,
    failed_at: null,
    replaced_at: null,
    updated_at: r.created_at,
  } as Order
}

/** Two lists as one, in the same order. What is behind the end of a list that goes on is left out: something
 * that is not read yet may belong before it. */
export function together(a: Order[], aGoesOn: boolean, b: Order[], bGoesOn: boolean, oldestFirst: boolean): Order[] {
  const before = (x: string, y: string) => (oldestFirst ? x < y : x > y)
  const end = [aGoesOn ? a.at(-1) : undefined, bGoesOn ? b.at(-1) : undefined]
    .flatMap((o) => o?.created_at ?? [])
    .reduce<string | null>((first, at) => (first === null || before(at, first) ? at : first), null)
  return [...a, ...b]
    .filter((o) => end === null || !before(end, o.created_at))
    .sort((x, y) => (x.created_at === y.created_at ? 0 : before(x.created_at, y.created_at) ? -1 : 1))
}
