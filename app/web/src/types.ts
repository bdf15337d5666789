// What the API says. Amounts are strings: they are exact, and stay so.

export interface Account {
  id: string
  name: string
  environment: 'paper' | 'live'
  alpaca_account_number: string | null
  is_active: boolean
  role: 'owner' | 'trader' | 'viewer'
  has_credentials: boolean
  status: 'ok' | 'needs_credentials'
}

export interface Credentials {
  kind: string
  key_last4: string
  encryption_algorithm: string
  key_version: number
  last_decrypted_at: string | null
  updated_at: string
}

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

export interface Order {
  id: string
  client_order_id: string
  symbol: string
  side: 'buy' | 'sell'
  type: string
  time_in_force: string
  qty: string | null
  notional: string | null
  limit_price: string | null
  filled_qty: string
  filled_avg_price: string | null
  status: string
  status_message: string | null
  created_at: string
  updated_at: string
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
