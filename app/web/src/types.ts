// What the API says. Amounts are strings: they are exact, and stay so.

import type { components } from './api.gen'

type Schemas = components['schemas']

export type Account = Schemas['Account']
export type Credentials = Schemas['Credentials']
export type Order = Schemas['Order']

export interface BrokerAccount {
  account_number: string
  status: string
  currency: string
  cash: string
  equity: string
  last_equity: string
  buying_power: string
}

export interface Position {
  symbol: string
  qty: string
  avg_entry_price: string
  current_price: string | null
  market_value: string | null
  unrealized_pl: string | null
}

export interface OrderRequest {
  symbol: string
  side: 'buy' | 'sell'
  type: 'market' | 'limit'
  time_in_force: 'day' | 'gtc'
  qty: string
  limit_price?: string
  client_order_id: string
}

export interface OrderEvent {
  event: string
  order?: Order // missing where the server could not apply what the broker said
  execution: { id: string; qty: string; price: string; at: string } | null
  position_qty: string | null
}
