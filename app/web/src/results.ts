// What the page of results asks for, and how it leads on to the journal.
import Decimal from 'decimal.js'
import { periods, type PeriodName } from './equity'
import { one, text, type JournalFilter } from './journal'
import { numbers } from './numbers'
import type { ResultGroup } from './types'

export const resultScopes = ['account', 'agent', 'tag', 'sleeve'] as const

export interface ResultsFilter {
  period: PeriodName
  scope: (typeof resultScopes)[number]
  scope_value: string // one agent, tag or sleeve; '' for all of them
  symbol: string
}

/** The filter that a page's address has, as far as there is such a one. */
export const resultsFilterOf = ({ period, by, of, symbol }: Record<string, unknown>): ResultsFilter => ({
  period: periods.find((known) => known === period) ?? '1M',
  scope: one(by, resultScopes),
  scope_value: text(of),
  symbol: text(symbol),
})

/** The same, for the address: what is as ever is left out. */
export const addressOf = (f: ResultsFilter) => ({
  period: f.period === '1M' ? undefined : f.period,
  by: f.scope === 'account' ? undefined : f.scope,
  of: f.scope_value || undefined,
  symbol: f.symbol || undefined,
})

/** The round trips that count, as the journal filters them. */
export function tripsOf(f: ResultsFilter, from: Date | null): JournalFilter {
  return {
    scope: f.scope,
    scope_value: f.scope === 'account' ? '' : f.scope_value.trim(),
    symbol: f.symbol.trim().toUpperCase(),
    status: 'closed',
    from: from?.toISOString() ?? '',
    to: '',
  }
}

/** The kinds of groups that a filter's round trips are told by. */
export const kindsOf = (f: ResultsFilter) =>
  ['month', 'symbol', ...(f.scope === 'account' ? ['agent', 'tag', 'sleeve'] : [f.scope])] as GroupKind[]
export type GroupKind = 'month' | 'symbol' | 'agent' | 'tag' | 'sleeve'

export function resultsQuery(f: ResultsFilter, from: Date | null): string {
  const trips = tripsOf(f, from)
  const query = new URLSearchParams({ scope: trips.scope, group_by: kindsOf(f).join() })
  if (trips.scope_value) query.set('scope_value', trips.scope_value)
  if (trips.symbol) query.set('symbol', trips.symbol)
  if (trips.from) query.set('from', trips.from)
  return query.toString()
}

/** The round trips of a group. */
export function tripsOfGroup(f: ResultsFilter, from: Date | null, kind: GroupKind, group: ResultGroup): JournalFilter {
  const trips = tripsOf(f, from)
  if (kind === 'symbol') return { ...trips, symbol: group.key }
  if (kind === 'month') {
    const begin = [trips.from, group.from!].reduce((a, b) => (Date.parse(a) > Date.parse(b) ? a : b))
    return { ...trips, from: begin, to: group.to! }
  }
  return { ...trips, scope: kind, scope_value: group.key }
}

/** A part of a whole from 0 to 1, in per cent: 62.5 %. */
export const share = (part: string | null | undefined) =>
  part ? `${numbers.write(new Decimal(part).times(100).toFixed(), { most: 1 })} %` : '–'
