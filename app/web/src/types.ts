// What the API says. Amounts are strings: they are exact, and stay so.

import type { components, paths } from './api.gen'

type Schemas = components['schemas']

export type Account = Schemas['Account']
export type Credentials = Schemas['Credentials']
export type Grant = Schemas['Grant']
export type Invitation = Schemas['Invitation']
export type MadeInvitation = Schemas['MadeInvitation']
export type Offer = Schemas['Offer']
export type Role = Schemas['Role']
export type Order = Schemas['Order']
export type Topic = Schemas['Topic']

export interface BrokerAccount {
  account_number: string
  status: string
  currency: string
  cash: string
  equity: string
  last_equity: string
  created_at?: string
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
/** What the database knows of an account, whether it is shown or not. */
export type PortfolioAccount = Schemas['Portfolio']['accounts'][number]
export type StreamMode = Schemas['StreamMode']
export type SyncReport = Schemas['SyncReport']
export type TradingPosition = Schemas['TradingPosition']
export type OrderTimeline = Schemas['OrderTimeline']
export type GuardRefusal = Schemas['GuardRefusal']
export type Fill = Schemas['Fill']
export type Results = Schemas['Results']
export type ResultGroup = Schemas['ResultGroup']
export type ResultTrip = NonNullable<Schemas['ResultTrip']>
export type PortfolioHistory = Schemas['PortfolioHistory']
export type Activity = Schemas['Activity']
export type Sleeve = Schemas['Sleeve']
/** What a request has depends on its kind. */
export type Approval = Omit<Schemas['Approval'], 'request'> & { request: Record<string, unknown> }
export type Job = Omit<Schemas['Job'], 'request' | 'approval'> & {
  request: Record<string, unknown>
  approval?: Approval | null
}
export type Word = Schemas['Word']
export type Token = Omit<Schemas['Token'], 'token'>
/** The answer that has the token itself, once. */
export type MadeToken = Token & { token: string }
export type TokenRequest = paths['/api/tokens']['post']['requestBody']['content']['application/json']
export type TokenLimits = Schemas['TokenLimits']
export type Scope = Schemas['Scope']
export type Budget = Schemas['Budget']
export type AgentLog = Schemas['AgentLog']
export type Level = Schemas['Level']
export type Sleeves = Schemas['Sleeves']
export type SleeveChange = Schemas['SleeveChange']
export type SleeveTransfer = Schemas['SleeveTransfer']
type Answer<P extends keyof paths, M extends keyof paths[P]> = paths[P][M] extends {
  responses: { 200: { content: { 'application/json': infer A } } }
}
  ? A
  : never
export type BlockOrder = Schemas['BlockOrder']
export type BlockOrderRequest = Schemas['BlockOrderRequest']
export type BlockPreview = Answer<'/api/block-orders/preview', 'post'>
export type Copying = Schemas['Copying']
export type Copy = Schemas['Copy']
export type CopiesPage = Answer<'/api/copies', 'get'>
export type LedPage = Answer<'/api/copies/led', 'get'>
export type AuditRow = Schemas['AuditRow']
export type Asset = Schemas['Asset']
export type MarketClock = Schemas['Clock']
export type TradingDay = Schemas['Calendar'][number]

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
