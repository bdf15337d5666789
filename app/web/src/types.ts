// What the API says. Amounts are strings: they are exact, and stay so.

import type { components } from './api.gen'

type Schemas = components['schemas']

export type Account = Schemas['Account']
export type Credentials = Schemas['Credentials']
export type Grant = Schemas['Grant']
export type Invitation = Schemas['Invitation']
export type MadeInvitation = Schemas['MadeInvitation']
export type Offer = Schemas['Offer']
export type Role = Schemas['Role']
export type Order = Schemas['Order']

export interface BrokerAccount {
  account_number: string
  status: string
  currency: string
  cash: string
  equity: string
  last_equity: string
  buying_power: string
  trade_suspended_by_user?: boolean
}

export interface Position {
  symbol: string
  asset_class?: string
  qty: string
  qty_available?: string // less what open orders hold
  avg_entry_price: string
  current_price: string | null
  market_value: string | null
  unrealized_pl: string | null
}

/** An order as the ticket sends it: always with an id of its own. */
export type OrderRequest = Schemas['OrderRequest'] & { client_order_id: string }
/** An order before it is sent: it has no id yet. */
export type OrderDraft = Omit<OrderRequest, 'client_order_id'>
export type OrderType = OrderRequest['type']
export type TimeInForce = OrderRequest['time_in_force']
export type Replacement = Schemas['Replacement']
export type Preview = Schemas['Preview']
export type Violation = Schemas['Violation']
export type Closed = Schemas['Closed']
export type Guards = Schemas['Guards']
export type Limits = Schemas['Limits']
export type SwitchState = Schemas['SwitchState']
export type Turned = Schemas['Turned']
export type WindDown = Schemas['WindDown']
export type AccountHealth = Schemas['AccountHealth']
export type StreamMode = Schemas['StreamMode']
export type SyncReport = Schemas['SyncReport']
export type TradingPosition = Schemas['TradingPosition']
export type Fill = Schemas['Fill']
/** What a request has depends on its kind. */
export type Approval = Omit<Schemas['Approval'], 'request'> & { request: Record<string, unknown> }
export type Job = Omit<Schemas['Job'], 'request' | 'approval'> & {
  request: Record<string, unknown>
  approval?: Approval | null
}
export type Word = Schemas['Word']
export type Token = Schemas['Token']
export type AuditRow = Schemas['AuditRow']

/** A page of orders, how fresh it is, and where it comes from. */
export interface OrdersPage {
  orders: Order[]
  next_cursor: string | null
  as_of: string | null
  source: 'mirror' | 'broker'
}

/** What a refusal may carry beside its words. */
export interface Details {
  violations?: Violation[]
  collisions?: Order[]
  /** What another person must approve before the change is made. */
  approval?: Approval
}

export interface Turn {
  switch: SwitchState
  reason?: string
  cancel_orders?: boolean
  liquidate?: boolean
  suspend_trade?: boolean
}
