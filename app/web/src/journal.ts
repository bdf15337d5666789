// What the journal page works out of round trips. Amounts stay decimals.
import Decimal from 'decimal.js'
import type { Fill, TradingPosition } from './types'

/** Sums keep every digit: the usual twenty are not enough for all. */
const Exact = Decimal.clone({ precision: 1000 })

/** Profit, fees and what is left of it, of the trips that are shown: none where
 * that of one of them is not known. */
export function totals(trips: TradingPosition[]) {
  const sum = (of: (t: TradingPosition) => string | null) =>
    trips.some((t) => of(t) === null) ? null : trips.reduce((all, t) => all.plus(of(t)!), new Exact(0)).toFixed()
  return { realized: sum((t) => t.realized_pl), fees: sum((t) => t.fees), net: sum((t) => t.net_pl) }
}

/** What is shown together with a page of trips, the newest first; one that is
 * there already is brought up to date. */
export function joined(before: TradingPosition[], page: TradingPosition[]): TradingPosition[] {
  const all = new Map([...before, ...page].map((t) => [t.id, t]))
  return [...all.values()].sort((a, b) => (a.opened_at < b.opened_at ? 1 : a.opened_at > b.opened_at ? -1 : 0))
}

export interface JournalFilter {
  scope: TradingPosition['scope']
  scope_value: string // one agent or tag; '' for all of them
  symbol: string
  status: 'all' | TradingPosition['status']
}

type Query = Record<string, unknown>

/** The filter that a page's address has, as far as there is such a one. */
export function filterOf({ by, of, symbol, status }: Query): JournalFilter {
  const text = (value: unknown) => (typeof value === 'string' ? value : '')
  const one = <T extends string>(value: unknown, of: readonly T[]) => of.find((known) => known === value) ?? of[0]!
  return {
    scope: one(by, ['account', 'agent', 'tag'] as const),
    scope_value: text(of),
    symbol: text(symbol),
    status: one(status, ['all', 'open', 'closed'] as const),
  }
}

/** The same, for the address: what is as ever is left out. */
export const queryOf = (f: JournalFilter) => ({
  by: f.scope === 'account' ? undefined : f.scope,
  of: f.scope_value || undefined,
  symbol: f.symbol || undefined,
  status: f.status === 'all' ? undefined : f.status,
})

/** The parameters of a page. An account has no value of its scope. */
export function journalQuery(f: JournalFilter, before: string | null = null): string {
  const query = new URLSearchParams({ scope: f.scope, status: f.status })
  const value = f.scope_value.trim()
  if (f.scope !== 'account' && value) query.set('scope_value', value)
  const symbol = f.symbol.trim().toUpperCase()
  if (symbol) query.set('symbol', symbol)
  if (before) query.set('before', before)
  return query.toString()
}

/** The executions from a round trip's opening to its end, of its own agent,
 * tag, sleeve, user or API token. One that turned long into short has a part in both. The API writes all
 * times in the same width, so that they compare as texts. */
export function fillsOf(t: TradingPosition, fills: Fill[]): Fill[] {
  const owner = {
    account: () => null,
    agent: (f: Fill) => f.orchestrator_agent_id,
    tag: (f: Fill) => f.tag,
    sleeve: (f: Fill) => f.sleeve_id,
    user: (f: Fill) => f.submitted_by,
    token: (f: Fill) => f.token_id,
  }[t.scope]
  return fills.filter(
    (f) =>
      f.symbol === t.symbol &&
      f.at >= t.opened_at &&
      (t.closed_at === null || f.at <= t.closed_at) &&
      owner(f) === t.scope_value,
  )
}

/** What sets an execution apart from one that simply counts; '' for nothing. */
export function fillMark(f: Fill): '' | 'busted' | 'corrected' | 'correction' {
  if (f.state !== 'live') return f.state
  return f.previous_execution_id ? 'correction' : ''
}

export const fillMarks = {
  busted: 'Alpaca took it back: it does not count.',
  corrected: 'Alpaca corrected it: the correction counts instead.',
  correction: 'It stands for one that Alpaca corrected.',
} as const

/** Why there is nothing to see, in words. */
export function nothing(f: JournalFilter): string {
  if (f.symbol.trim() || f.status !== 'all' || (f.scope !== 'account' && f.scope_value.trim()))
    return 'No round trip is like that.'
  if (f.scope === 'agent') return 'No agent has traded on this account yet.'
  if (f.scope === 'tag') return 'No order with a tag was filled on this account yet.'
  return 'No round trips yet: each fill that opens a position begins one.'
}
