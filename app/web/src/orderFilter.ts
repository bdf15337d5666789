// What a list of orders is narrowed to: as the page's address has it, as the server is asked, and
// whether an order that an event tells of belongs to it.
import { chosen, one, text, type Query } from './urlFilter'
import type { Order } from './types'
import { isOver } from './orders'

export const tabs = ['open', 'filled', 'refused', 'all'] as const
export type Tab = (typeof tabs)[number]

export interface OrderFilter {
  tab: Tab
  symbol: string
  side: '' | 'buy' | 'sell'
  type: string
  tif: string
  tag: string
  agent: string
  sleeve: string // its id; none for orders of no sleeve
  from: string // days, the first and the last, in the user's own time
  to: string
  text: string // what a symbol or a client order id begins with
  order: string // the one that is looked at, by its id
  sort: string // a column, with a − before it for the greatest first
}

export const types = ['market', 'limit', 'stop', 'stop_limit', 'trailing_stop'] as const
export const forces = ['day', 'gtc', 'ioc', 'fok', 'opg', 'cls'] as const
export const newestFirst = '-time'

const day = (value: unknown) => (/^\d{4}-\d{2}-\d{2}$/.test(text(value)) ? text(value) : '')

/** The filter that an address has, as far as there is such a one. */
export const filterOf = (q: Query): OrderFilter => ({
  tab: one(q.tab, tabs),
  symbol: text(q.symbol),
  side: one(q.side, ['', 'buy', 'sell'] as const),
  type: one(q.type, ['', ...types] as const),
  tif: one(q.tif, ['', ...forces] as const),
  tag: text(q.tag),
  agent: text(q.agent),
  sleeve: text(q.sleeve),
  from: day(q.from),
  to: day(q.to),
  text: text(q.text),
  order: /^[0-9a-f-]{36}$/.test(text(q.order)) ? text(q.order) : '',
  sort: /^-?[a-z_]+$/.test(text(q.sort)) ? text(q.sort) : newestFirst,
})

export const nothingChosen = filterOf({})

/** The same, for the address: what is as ever is left out. */
export const queryOf = (f: OrderFilter) => chosen(f, nothingChosen)

/** Whether it is narrowed by more than the tab. */
export const isNarrowed = (f: OrderFilter) =>
  Object.keys(queryOf({ ...f, tab: 'open', order: '', sort: newestFirst })).length > 0

/** Whether the server is asked for the oldest first. Every other order is made among what is loaded. */
export const oldestFirst = (f: OrderFilter) => f.sort === 'time'

/** When a day begins, or ends, where the user is. */
function midnight(day: string, later = 0): string {
  const [y, m, d] = day.split('-').map(Number)
  return new Date(y!, m! - 1, d! + later).toISOString()
}

/** A symbol as orders have it: a pair of coins keeps its slash. */
const upper = (symbol: string) => symbol.trim().toUpperCase()

/** The parameters of what is narrowed to, but for the status. */
function parameters(f: OrderFilter, before: string | null, limit: number): URLSearchParams {
  const query = new URLSearchParams({ limit: String(limit) })
  const set = (name: string, value: string) => value && query.set(name, value)
  set('symbols', upper(f.symbol))
  set('side', f.side)
  set('type', f.type)
  set('time_in_force', f.tif)
  set('tag', f.tag.trim())
  set('orchestrator_agent_id', f.agent.trim())
  set('sleeve_id', f.sleeve)
  set('text', f.text.trim())
  if (f.from) set('created_since', midnight(f.from))
  if (f.to) set('created_until', midnight(f.to, 1))
  if (oldestFirst(f)) set('direction', 'asc')
  if (before) set('before', before)
  return query
}

/** The parameters of a page of orders. */
export const orderQuery = (f: OrderFilter, before: string | null = null, limit = 200) =>
  `status=${f.tab}&${parameters(f, before, limit)}`

/** The parameters of a page of what the guards refused. */
export const refusalQuery = (f: OrderFilter, before: string | null = null) => parameters(f, before, 200).toString()

const plain = (symbol: string | null) => (symbol ?? '').replace('/', '')

/** Whether an order belongs to the list, as the server has it. */
export function belongs(o: Order, f: OrderFilter): boolean {
  const said = f.text.trim()
  const at = Date.parse(o.created_at)
  return (
    (f.tab === 'all' ||
      (f.tab === 'open' && !isOver(o)) ||
      (f.tab === 'filled' && Number(o.filled_qty) > 0) ||
      (f.tab === 'refused' && o.status === 'rejected')) &&
    (!f.symbol.trim() || plain(o.symbol) === plain(upper(f.symbol))) &&
    (!f.side || o.side === f.side) &&
    (!f.type || o.type === f.type) &&
    (!f.tif || o.time_in_force === f.tif) &&
    (!f.tag.trim() || o.tag === f.tag.trim()) &&
    (!f.agent.trim() || o.orchestrator_agent_id === f.agent.trim()) &&
    (!f.sleeve || (o.sleeve_id ?? 'none') === f.sleeve) &&
    (!said || o.client_order_id.startsWith(said) || plain(o.symbol).startsWith(plain(upper(said)))) &&
    (!f.from || at >= Date.parse(midnight(f.from))) &&
    (!f.to || at < Date.parse(midnight(f.to, 1)))
  )
}

/** Why there is nothing to see, in words. */
export function nothing(f: OrderFilter): string {
  if (isNarrowed(f)) return 'No order is like that.'
  return {
    open: 'No order is open.',
    filled: 'Nothing was filled yet.',
    refused: 'No order was refused.',
    all: 'No orders yet.',
  }[f.tab]
}
