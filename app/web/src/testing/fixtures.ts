// What tests make: whole descriptions, of which a test names what matters to it.
import type { LiveEvent } from 'paddock-live'
import type { Account, Approval, Guards, Job, Limits, Order, Position } from '../types'

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
    reason: null,
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
  approval_above: null,
  approvals_needed: null,
  approval_seconds: null,
  four_eyes: false,
} satisfies Limits

export function someGuards(change: Partial<Guards> = {}): Guards {
  return {
    ...noLimits,
    approvals_needed: 1,
    approval_seconds: 3600,
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

/** An order of another user's API token that waits for a word. */
export function anApproval(change: Partial<Approval> = {}): Approval {
  return {
    id: 'w',
    kind: 'order',
    state: 'pending',
    request: { symbol: 'AAPL', side: 'buy', type: 'limit', time_in_force: 'day', qty: '6', limit_price: '100' },
    digest: 'd'.repeat(64),
    reason: null,
    proposed_by: 'other',
    token_id: 't',
    names: {},
    above: '500',
    worth: '600.00',
    prices: { AAPL: '100' },
    needed: 1,
    four_eyes: false,
    proposed_at: time,
    expires_at: '2999-01-01T00:00:00.000000Z',
    decided_at: null,
    words: [],
    ...change,
  }
}

/** The job of an order that waits for a word. */
export function aJob(change: Partial<Job> = {}): Job {
  return {
    id: 'w',
    kind: 'order',
    state: 'pending_approval',
    client_order_id: 'c',
    asked_by: 'u',
    request: {},
    accepted_at: time,
    began_at: null,
    ended_at: null,
    tries: 0,
    status: null,
    answer: null,
    approval: anApproval(),
    ...change,
  }
}

type ApprovalWhat = Extract<LiveEvent, { kind: 'approval' }>['data']['event']

export function approvalEvent(approval: Approval, account = 'a', event?: ApprovalWhat): LiveEvent {
  return { ...frame(account), kind: 'approval', data: { event: event ?? approval.state, approval } }
}
