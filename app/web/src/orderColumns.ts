// The columns of a list of orders.
import { price, quantity } from './money'
import { size, standing, terms } from './orders'
import { moment, when } from './time'
import type { Order } from './types'
import type { Column } from './table'

const no = (value: unknown) => value === null || value === ''
const said = (value: string | null) => value ?? '–'
const time = (value: string | null) => (value ? when(value) : '–')

/** The columns, with the names of an account's sleeves by their ids. */
export function orderColumns(sleeves: ReadonlyMap<string, string>): Column<Order>[] {
  const words = (
    id: string,
    label: string,
    width: number,
    of: (o: Order) => string | null,
    more: Partial<Column<Order>> = {},
  ): Column<Order> => ({
    id,
    label,
    width,
    text: (o) => said(of(o)),
    value: of,
    sort: 'loaded',
    isEmpty: (o) => no(of(o)),
    ...more,
  })
  const amount = (
    id: string,
    label: string,
    of: (o: Order) => string | null,
    write: (o: Order) => string,
    more: Partial<Column<Order>> = {},
  ): Column<Order> => ({
    id,
    label,
    width: 110,
    text: write,
    value: of,
    sort: 'loaded',
    isNumber: true,
    name: label.toLowerCase(),
    isEmpty: (o) => no(of(o)),
    ...more,
  })
  return [
    {
      id: 'time',
      label: 'Time',
      width: 112,
      text: (o) => when(o.created_at),
      value: (o) => o.created_at,
      sort: 'server',
      fixed: true,
    },
    words('symbol', 'Symbol', 118, (o) => o.symbol, { fixed: true }),
    words('side', 'Side', 60, (o) => o.side),
    amount('quantity', 'Quantity', (o) => o.qty ?? o.notional, size, { name: undefined }),
    words('type', 'Type', 170, (o) => o.type, { text: terms }),
    words('tif', 'In force', 76, (o) => o.time_in_force),
    amount(
      'filled',
      'Filled',
      (o) => o.filled_qty,
      (o) => quantity(o.filled_qty),
      { isEmpty: (o) => !Number(o.filled_qty) },
    ),
    amount(
      'price',
      'Price',
      (o) => o.filled_avg_price,
      (o) => price(o.filled_avg_price),
      { name: 'at' },
    ),
    words('status', 'Status', 124, (o) => o.status, { text: (o) => standing(o).word, fixed: true }),
    words('tag', 'Tag', 110, (o) => o.tag, { name: 'tag' }),
    words('agent', 'Agent', 120, (o) => o.orchestrator_agent_id, { name: 'agent' }),
    words('sleeve', 'Sleeve', 110, (o) => o.sleeve_id && (sleeves.get(o.sleeve_id) ?? 'a sleeve that is gone'), {
      name: 'sleeve',
    }),
    amount(
      'limit',
      'Limit',
      (o) => o.limit_price,
      (o) => price(o.limit_price, 9),
      { extra: true },
    ),
    amount(
      'stop',
      'Stop',
      (o) => o.stop_price,
      (o) => price(o.stop_price, 9),
      { extra: true },
    ),
    words('class', 'Class', 90, (o) => o.order_class, { extra: true, name: 'class' }),
    words('reason', 'Reason', 200, (o) => o.reason, { extra: true, name: 'reason' }),
    words('client', 'Client order id', 220, (o) => o.client_order_id, { extra: true, name: 'id' }),
    words('ended', 'Ended', 112, (o) => o.filled_at ?? o.canceled_at ?? o.expired_at ?? o.failed_at, {
      text: (o) => time(o.filled_at ?? o.canceled_at ?? o.expired_at ?? o.failed_at),
      extra: true,
      name: 'ended',
    }),
    words('updated', 'Changed', 112, (o) => o.updated_at, {
      text: (o) => when(o.updated_at),
      extra: true,
      name: 'changed',
    }),
  ]
}

/** When it was asked for, to the second, for who points at the time. */
export const wholeTime = (o: Order) => moment(o.created_at)
