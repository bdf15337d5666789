// What tests make: whole descriptions, of which a test names what matters to it.
import type { LiveEvent } from 'paddock-live'
import type { Account, Guards, Limits, Order, Position } from '../types'

const time = '2026-01-01T00:00:00.000000Z'

export function anAccount(change: Partial<Account> = {}): Account {
  const whole = {
    id: 'a',
    name: 'Swing',
    environment: 'paper',
    alpaca_account_number: 'PA1',
    is_active: true,
    status: 'ready',
    role: 'owner',
    stream_mode: 'auto',
    has_credentials: true,
  }
  return { ...whole, ...change } as Account
}

export function anOrder(change: Partial<Order> = {}): Order {
  return {
    id: 'id',
    alpaca_order_id: null,
    client_order_id: change.id ?? 'id',
    symbol: 'AAPL',
    side: 'buy',
    type: 'market',
    order_type: 'market',
    time_in_force: 'day',
    asset_id: null,
    asset_class: null,
    expires_at: null,
    ratio_qty: null,
    order_class: '',
    position_intent: null,
    qty: '10',
    notional: null,
    limit_price: null,
    stop_price: null,
    trail_price: null,
    trail_percent: null,
    hwm: null,
    extended_hours: false,
    filled_qty: '0',
    filled_avg_price: null,
    status: 'new',
    intent_state: 'accepted',
    status_message: null,
    action: 'place',
    parent_alpaca_order_id: null,
    replaces: null,
    replaced_by: null,
    submitted_by: null,
    token_id: null,
    orchestrator_agent_id: null,
    tag: null,
    sleeve_id: null,
    broker_request_id: null,
    created_at: time,
    submitted_at: null,
    filled_at: null,
    canceled_at: null,
    expired_at: null,
    failed_at: null,
    replaced_at: null,
    updated_at: time,
    ...change,
  }
}

export function aPosition(change: Partial<Position> = {}): Position {
  return {
    symbol: 'AAPL',
    qty: '10',
    avg_entry_price: '180',
    current_price: '190',
    market_value: '1900',
    unrealized_pl: '100',
    ...change,
  }
}

export const noLimits = {
  max_order_notional: null,
  max_position_notional: null,
  max_position_qty: null,
  daily_loss_limit: null,
  max_open_orders: null,
  orders_per_minute: null,
  orders_per_day: null,
  max_drawdown: null,
  max_refusals: null,
  heartbeat_seconds: null,
  allowed_symbols: null,
  allowed_sides: null,
  buy_back_overshoot: false,
} satisfies Limits

export function someGuards(change: Partial<Guards> = {}): Guards {
  return {
    ...noLimits,
    switch: 'open',
    switch_reason: null,
    wind_down: null,
    updated_by: null,
    updated_at: null,
    usage: {
      open_orders: 0,
      orders_last_minute: 0,
      orders_today: 0,
      heartbeat_at: null,
      heartbeat_holds_until: null,
      heartbeat_missing: false,
      high_water_mark: null,
      high_water_mark_at: null,
      refusals_in_a_row: 0,
    },
    ...change,
  }
}

const frame = (account_id: string) => ({ type: 'event', account_id, cursor: 1, resume: '1-1', at: time }) as const

/** An event that tells of an order; of one that could not be applied where there is none. */
export function orderEvent(
  order?: Order,
  account = 'a',
  execution: { id: string; qty: string; price: string; at: string } | null = null,
): LiveEvent {
  return { ...frame(account), kind: 'order', data: { event: order ? 'new' : 'unapplied', order, execution } }
}

/** An event that tells of changed limits. */
export function guardEvent(account = 'a'): LiveEvent {
  return { ...frame(account), kind: 'guard', data: { event: 'changed', limits: noLimits } }
}

export function credentialsEvent(state: 'stored' | 'deleted' | 'needs_credentials', account = 'a'): LiveEvent {
  return { ...frame(account), kind: 'credentials', data: { state } }
}
