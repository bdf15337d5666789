// The account's guards, in words.
import { count as written, dollars as inDollars, quantity } from './money'
import { localText } from './serverText'
import { example, fieldText, readBound, readCount } from './typed'
import type { GuardEvent } from 'paddock-live'
import type { Closed, Guards, Limits, SwitchState, Violation, WindDown } from './types'

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

/** Limits with what is used of them, as they are shown. */
export function lines(g: Guards): { name: string; limit: string; used?: string; full?: boolean }[] {
  const dollars = (v: string | null | undefined) => (v == null ? 'none' : inDollars(v))
  const count = (name: string, limit: number | null | undefined, used: number) => ({
    name,
    limit: limit == null ? 'none' : written(limit),
    used: written(used),
    full: limit != null && used >= limit,
  })
  return [
    { name: 'Value of an order', limit: dollars(g.max_order_notional) },
    { name: 'Value of a position', limit: dollars(g.max_position_notional) },
    { name: 'Size of a position', limit: g.max_position_qty == null ? 'none' : quantity(g.max_position_qty) },
    count('Open orders', g.max_open_orders, g.usage.open_orders),
    count('Orders a minute', g.orders_per_minute, g.usage.orders_last_minute),
    count('Orders a day', g.orders_per_day, g.usage.orders_today),
    { name: 'Loss of a day', limit: dollars(g.daily_loss_limit) },
    {
      name: 'Drawdown',
      limit: dollars(g.max_drawdown),
      used: g.usage.high_water_mark == null ? undefined : `from ${inDollars(g.usage.high_water_mark)}`,
    },
    count('Refusals in a row', g.max_refusals, g.usage.refusals_in_a_row),
    {
      name: 'Heartbeat',
      limit: g.heartbeat_seconds == null ? 'none' : `every ${written(g.heartbeat_seconds)} s`,
      used: g.heartbeat_seconds == null ? undefined : g.usage.heartbeat_missing ? 'missing' : 'came',
      full: g.usage.heartbeat_missing,
    },
    { name: 'Symbols', limit: g.allowed_symbols ? g.allowed_symbols.join(', ') || 'none may be opened' : 'any' },
    { name: 'Sides', limit: g.allowed_sides ? g.allowed_sides.join(', ') || 'none may be opened' : 'any' },
    {
      name: 'Orders wait for approval above',
      limit: dollars(g.approval_above),
      used:
        g.approval_above == null && !g.four_eyes
          ? undefined
          : `${g.approvals_needed} needed within ${duration(g.approval_seconds)}`,
    },
    { name: 'Four eyes', limit: g.four_eyes ? 'on' : 'none' },
  ]
}

export interface LimitsForm {
  max_order_notional: string
  max_position_notional: string
  max_position_qty: string
  daily_loss_limit: string
  max_drawdown: string
  max_open_orders: string
  orders_per_minute: string
  orders_per_day: string
  max_refusals: string
  heartbeat_seconds: string
  onlySymbols: boolean
  symbols: string
  sides: 'any' | 'buy' | 'sell' | 'none'
  buyBack: boolean
  approval_above: string
  approvals_needed: string
  approvalWait: string // how long an approval waits, in approvalUnit
  approvalUnit: keyof typeof waitUnits
  fourEyes: boolean
}

/** In seconds. */
export const waitUnits = { seconds: 1, minutes: 60 } as const

/** A number of seconds as people say it: 90 min, 45 s. */
function duration(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`
}

/** What four eyes are, in a sentence. */
export const fourEyesWords =
  'Nobody approves what they, or an API token of theirs, ask for; people’s orders wait too, and what lets more through, lets somebody in or changes keys takes another person’s approval.'

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

/** The least and the most that a count may be, where it is not 0 and 1,000,000. */
const bounds: Partial<Record<keyof typeof countFields, [number, number]>> = {
  max_refusals: [1, 1_000_000],
  heartbeat_seconds: [5, 86_400],
}

export function toForm(g: Limits): LimitsForm {
  const [side, another] = g.allowed_sides ?? []
  return {
    max_order_notional: fieldText(g.max_order_notional),
    max_position_notional: fieldText(g.max_position_notional),
    max_position_qty: fieldText(g.max_position_qty),
    daily_loss_limit: fieldText(g.daily_loss_limit),
    max_drawdown: fieldText(g.max_drawdown),
    max_open_orders: fieldText(g.max_open_orders),
    orders_per_minute: fieldText(g.orders_per_minute),
    orders_per_day: fieldText(g.orders_per_day),
    max_refusals: fieldText(g.max_refusals),
    heartbeat_seconds: fieldText(g.heartbeat_seconds),
    onlySymbols: g.allowed_symbols != null,
    symbols: (g.allowed_symbols ?? []).join(', '),
    sides: g.allowed_sides == null || another ? 'any' : (side ?? 'none'),
    buyBack: g.buy_back_overshoot ?? false,
    approval_above: fieldText(g.approval_above),
    approvals_needed: fieldText(g.approvals_needed),
    ...wait(g.approval_seconds),
    fourEyes: g.four_eyes,
  }
}

/** Seconds in minutes, where they are a whole number of them. */
function wait(seconds: number | null | undefined): Pick<LimitsForm, 'approvalWait' | 'approvalUnit'> {
  if (seconds == null) return { approvalWait: '', approvalUnit: 'minutes' }
  const approvalUnit = seconds % 60 === 0 ? 'minutes' : 'seconds'
  return { approvalWait: fieldText(seconds / waitUnits[approvalUnit]), approvalUnit }
}

/** What is wrong with the form, in a sentence; '' for nothing. */
export function wrong(f: LimitsForm): string {
  for (const [field, name] of Object.entries(amountFields) as [keyof typeof amountFields, string][])
    if (f[field] !== '' && readBound(f[field]) === null)
      return `${name}: “${f[field]}” is not a number. Write it like ${example()}, or leave it empty for no limit.`
  for (const [field, name] of Object.entries(countFields) as [keyof typeof countFields, string][]) {
    const [least, most] = bounds[field] ?? [0, 1_000_000]
    if (f[field] !== '' && readCount(f[field], least, most) === null)
      return `${name}: “${f[field]}” is not a whole number from ${least} to ${written(most)}.`
  }
  if (f.approval_above !== '' && readBound(f.approval_above) === null)
    return `Orders wait for approval above: “${f.approval_above}” is not a number. Write it like ${example()}, or 0 for each order, or leave it empty for none.`
  if (f.approvals_needed !== '' && readCount(f.approvals_needed, 1, 10) === null)
    return `Approvals needed: “${f.approvals_needed}” is not a whole number from 1 to 10.`
  const unit = waitUnits[f.approvalUnit]
  if (f.approvalWait !== '' && readCount(f.approvalWait, Math.ceil(60 / unit), Math.floor(604_800 / unit)) === null)
    return `How long it waits: “${f.approvalWait}” ${f.approvalUnit} is not a whole number from a minute to a week.`
  return ''
}

/** All limits: a field that is empty is no limit. Nothing of the form is wrong. */
export function fromForm(f: LimitsForm): Limits {
  const amount = readBound
  const count = (text: string) => readCount(text, 0, Infinity)
  return {
    max_order_notional: amount(f.max_order_notional),
    max_position_notional: amount(f.max_position_notional),
    max_position_qty: amount(f.max_position_qty),
    daily_loss_limit: amount(f.daily_loss_limit),
    max_drawdown: amount(f.max_drawdown),
    max_open_orders: count(f.max_open_orders),
    orders_per_minute: count(f.orders_per_minute),
    orders_per_day: count(f.orders_per_day),
    max_refusals: count(f.max_refusals),
    heartbeat_seconds: count(f.heartbeat_seconds),
    allowed_symbols: f.onlySymbols
      ? f.symbols
          .toUpperCase()
          .split(/[\s,;]+/)
          .filter(Boolean)
      : null,
    allowed_sides: f.sides === 'any' ? null : f.sides === 'none' ? [] : [f.sides],
    buy_back_overshoot: f.buyBack,
    approval_above: amount(f.approval_above),
    approvals_needed: count(f.approvals_needed),
    approval_seconds: f.approvalWait === '' ? null : count(f.approvalWait)! * waitUnits[f.approvalUnit],
    four_eyes: f.fourEyes,
  }
}

/** What became of a position that was to be closed. */
export function closedWords(c: Closed): string {
  if ('message' in c.body) return c.body.message
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
export function guardNotice(
  e: GuardEvent['data'],
  account: string,
): { severity: 'warn' | 'info'; summary: string; detail: string } {
  if (e.event === 'refused') {
    const what = [e.request?.side, e.request?.symbol].filter(Boolean).join(' ') || 'an order'
    return {
      severity: 'warn',
      summary: `Refused: ${what}`,
      detail: `${localText(e.violations[0]?.message ?? '')} · ${account}`,
    }
  }
  if (e.event === 'changed') return { severity: 'info', summary: 'The limits were changed', detail: account }
  if (e.event === 'wind_down')
    return {
      severity: e.wind_down.state === 'stuck' ? 'warn' : 'info',
      summary: windDownWords(e.wind_down),
      detail: [e.wind_down.message, account].filter(Boolean).join(' · '),
    }
  if (e.event === 'sleeve')
    return { severity: 'info', summary: e.closed ? 'A sleeve was closed' : 'A sleeve was changed', detail: account }
  if (e.event === 'sleeve_transfer')
    return { severity: 'info', summary: `${inDollars(e.amount)} moved between sleeves`, detail: account }
  const reason = e.reason ? `${e.reason} · ` : ''
  const severity = e.switch === 'open' ? 'info' : 'warn'
  return {
    severity,
    summary: { open: 'Trading is open', reduce_only: 'Reduce only', halted: 'Trading is halted' }[e.switch],
    detail: reason + account,
  }
}
