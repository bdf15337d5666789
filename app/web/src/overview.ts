// All accounts at a glance: what is known of each, and their sums. Paper and live money are never added up.
import Decimal from 'decimal.js'
import { ageWords } from './composables/useAge'
import { mayTurn, switchNames } from './guards'
import { healthWords } from './health'
import { change, dollars } from './money'
import type { Account, PortfolioAccount, SwitchState } from './types'

export interface Row {
  account: Account
  equity: string | null
  today: string | null
  asOf: Date | null
  /** What its positions are worth; null where that of any is not known. */
  worth: string | null
  /** Of the database; null while it is not read. */
  told: PortfolioAccount | null
}

/** What is shown on the desk now is newer than what the database knows of the same account. */
export interface Shown {
  equity: string | null
  today: string | null
  asOf: Date | null
}

const sum = (amounts: (string | null)[]) =>
  amounts.some((a) => a === null) ? null : amounts.reduce((all, a) => all.plus(a!), new Decimal(0)).toFixed()

export function toRow(account: Account, told: PortfolioAccount | undefined, shown?: Shown): Row {
  const asOf = told?.as_of ? new Date(told.as_of) : null
  const worth = told ? sum(told.positions.map((p) => p.market_value)) : null
  const row = {
    account,
    equity: told?.equity ?? null,
    today: told?.day_change ?? null,
    asOf,
    worth,
    told: told ?? null,
  }
  return shown?.equity != null ? { ...row, ...shown } : row
}

export interface Total {
  environment: Account['environment']
  accounts: number
  /** Of how many accounts the sums are. */
  known: number
  equity: string | null
  today: string | null
  worth: string | null
  openOrders: number
}

/** The sums of the accounts of one kind, of those of which they are known. */
export function totalOf(rows: Row[], environment: Account['environment']): Total {
  const all = rows.filter((r) => r.account.environment === environment)
  const known = all.filter((r) => r.equity !== null)
  const added = (of: (r: Row) => string | null) => {
    const amounts = known.map(of).filter((a) => a !== null)
    return amounts.length ? sum(amounts) : null
  }
  return {
    environment,
    accounts: all.length,
    known: known.length,
    equity: added((r) => r.equity),
    today: added((r) => r.today),
    worth: added((r) => r.worth),
    openOrders: all.reduce((n, r) => n + (r.told?.open_orders ?? 0), 0),
  }
}

/** How old a figure is, in words, once that is a minute or more. */
export const oldWords = (at: Date | null, now: Date) =>
  at && now.getTime() - at.getTime() >= 60_000 ? `${ageWords(at, now)} ago` : ''

/** What keeps an account from trading, in a word. */
export function stopWords(r: Row): string {
  const state = r.told?.switch ?? 'open'
  if (state !== 'open') return switchNames[state].name
  return r.account.is_active ? '' : 'Paused'
}

/** All that a row shows, in words: a reader hears of it what an eye sees. */
export function rowWords(r: Row, now: Date): string {
  const figures =
    r.equity === null
      ? 'equity not known'
      : `equity ${dollars(r.equity)}, today ${change(r.today)} ${oldWords(r.asOf, now)}`
  return [
    `${r.account.name} ${r.account.environment}`,
    figures.trim(),
    r.told && healthWords[r.told.health].words,
    stopWords(r),
  ]
    .filter(Boolean)
    .join(', ')
}

/** Which accounts a turn of all switches is for, which it leaves out since they stand so, and which the user may not turn. */
export function turnable(rows: Row[], to: SwitchState) {
  const from = (r: Row) => r.told?.switch ?? (to === 'open' ? 'halted' : 'open')
  const others = rows.filter((r) => from(r) !== to)
  return {
    may: others.filter((r) => mayTurn(r.account.role, from(r), to)),
    mayNot: others.filter((r) => !mayTurn(r.account.role, from(r), to)),
    stand: rows.filter((r) => from(r) === to),
  }
}
