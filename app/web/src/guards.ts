// The account's guards, in words.
import { dollars as inDollars } from './money'
import { personText } from './serverText'
import type { GuardEvent } from 'paddock-live'
import type { Closed, SwitchState, Violation, WindDown } from './types'

export const guardNames: Record<Violation['guard'], string> = {
  switch: 'the switch',
  max_order_notional: 'order value',
  max_position_notional: 'position value',
  max_position_qty: 'position size',
  max_open_orders: 'open orders',
  orders_per_minute: 'orders a minute',
  orders_per_day: 'orders a day',
  daily_loss_limit: 'loss of the day',
  max_drawdown: 'drawdown',
  max_refusals: 'refusals in a row',
  heartbeat: 'the heartbeat',
  allowed_symbols: 'allowed symbols',
  allowed_sides: 'allowed sides',
  approval: 'approvals',
  reduce_only: 'closings only close',
  unmeasured: 'what cannot be measured',
  sleeve: 'the sleeve',
  sleeves: 'what sleeves hold',
  sleeve_cash: "the sleeve's cash",
  sleeve_position: 'what the sleeve holds',
  sleeve_switch: "the sleeve's switch",
  sleeve_allowed_symbols: "the sleeve's symbols",
  sleeve_max_order_notional: "the sleeve's order value",
  sleeve_max_position_notional: "the sleeve's position value",
  sleeve_max_drawdown: "the sleeve's drawdown",
}

export const switchNames: Record<SwitchState, { name: string; what: string }> = {
  open: { name: 'Open', what: 'Orders go through as the limits have it.' },
  reduce_only: { name: 'Reduce only', what: 'Only orders that make a position smaller go through.' },
  halted: { name: 'Halted', what: 'Nothing is ordered. Orders can only be canceled.' },
}

/** From what lets most through to what lets nothing through. */
export const switchStates: SwitchState[] = ['open', 'reduce_only', 'halted']

/** Who may turn the switch from one state to another: the owner any way, a
 * trader only to let less through. */
export function mayTurn(role: string | undefined, from: SwitchState, to: SwitchState): boolean {
  if (from === to) return false
  return role === 'owner' || (role === 'trader' && switchStates.indexOf(to) > switchStates.indexOf(from))
}

export const amountFields = {
  max_order_notional: 'Value of an order, $',
  max_position_notional: 'Value of a position, $',
  max_position_qty: 'Size of a position',
  daily_loss_limit: 'Loss of a day, $',
  max_drawdown: 'Drawdown from the highest equity, $',
} as const
export const countFields = {
  max_open_orders: 'Open orders',
  orders_per_minute: 'Orders a minute',
  orders_per_day: 'Orders a day',
  max_refusals: 'Refusals in a row',
  heartbeat_seconds: 'Heartbeat, seconds',
} as const

/** What became of a position that was to be closed. */
export function closedWords(c: Closed): string {
  if ('message' in c.body) return personText(c.body.message, 'It was not closed.')
  if (c.status === 202) return 'Sent. Alpaca’s answer was lost; it is looked up.'
  return `Order sent; Alpaca says: ${c.body.status.replaceAll('_', ' ')}.`
}

/** How far a wind-down is. */
export function windDownWords(w: WindDown): string {
  const what = w.repair ? `Trading back ${w.repair.symbol}` : w.liquidate ? 'Closing all positions' : 'Canceling orders'
  if (w.state === 'done') return `${what}: done`
  if (w.state === 'superseded') return `${what}: ended by another turn of the switch`
  const { orders = 0, on_their_way: way = 0, positions = [] } = w.remaining
  const left = [
    orders && `${orders} orders`,
    way && `${way} orders on their way`,
    positions.length && `positions in ${positions.map((p) => p.symbol).join(', ')}`,
  ]
    .filter(Boolean)
    .join(', ')
  return `${what}: ${w.state === 'stuck' ? 'needs you' : 'under way'}${left ? `, left are ${left}` : ''}`
}

/** An event of the guards, as a notice. */
export function guardNotice(e: GuardEvent['data']): { severity: 'warn' | 'info'; summary: string; detail?: string } {
  if (e.event === 'refused') {
    const what = [e.request?.side, e.request?.symbol].filter(Boolean).join(' ') || 'an order'
    return {
      severity: 'warn',
      summary: `Refused: ${what}`,
      detail: personText(e.violations[0]?.message ?? '', 'This account’s guards refuse it.'),
    }
  }
  if (e.event === 'changed') return { severity: 'info', summary: 'The limits were changed' }
  if (e.event === 'wind_down')
    return {
      severity: e.wind_down.state === 'stuck' ? 'warn' : 'info',
      summary: windDownWords(e.wind_down),
      detail: e.wind_down.message ? personText(e.wind_down.message, 'Look at Guards.') : undefined,
    }
  if (e.event === 'sleeve')
    return { severity: 'info', summary: e.closed ? 'A sleeve was closed' : 'A sleeve was changed' }
  if (e.event === 'sleeve_transfer')
    return { severity: 'info', summary: `${inDollars(e.amount)} moved between sleeves` }
  return {
    severity: e.switch === 'open' ? 'info' : 'warn',
    summary: { open: 'Trading is open', reduce_only: 'Reduce only', halted: 'Trading is halted' }[e.switch],
    detail: e.reason ?? undefined,
  }
}
