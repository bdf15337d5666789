// The form of a sleeve's guards, and cash that is moved.
import Decimal from 'decimal.js'
import { amountHint, example, fieldText, readAmount, readBound } from '../typed'
import type { Sleeve, SleeveChange, Sleeves, SwitchState } from '../types'

export interface SleeveForm {
  name: string
  switch: SwitchState
  max_order_notional: string
  max_position_notional: string
  max_drawdown: string
  approval_above: string
  onlySymbols: boolean
  symbols: string
}

export const sleeveAmounts = {
  max_order_notional: 'Value of an order, $',
  max_position_notional: 'Value of a position, $',
  max_drawdown: 'Drawdown from its highest equity, $',
  approval_above: 'Orders wait for approval above, $; 0 for each',
} as const
type AmountName = keyof typeof sleeveAmounts
const names = Object.keys(sleeveAmounts) as AmountName[]

export const sleeveForm = (s?: Sleeve): SleeveForm => ({
  name: s?.name ?? '',
  switch: s?.switch ?? 'open',
  max_order_notional: fieldText(s?.max_order_notional),
  max_position_notional: fieldText(s?.max_position_notional),
  max_drawdown: fieldText(s?.max_drawdown),
  approval_above: fieldText(s?.approval_above),
  onlySymbols: s?.allowed_symbols != null,
  symbols: (s?.allowed_symbols ?? []).join(', '),
})

/** What is wrong with the form, in a sentence; '' for nothing. */
export function wrongSleeve(f: SleeveForm): string {
  const bad = names.find((n) => f[n] !== '' && readBound(f[n]) === null)
  if (bad) return `${sleeveAmounts[bad]}: “${f[bad]}” is not a number. Write it like ${example()}, or leave it empty.`
  return f.name.trim() ? '' : 'Name what it is for.'
}

/** Only what differs from the sleeve: what is left out stays as it is. Nothing of the form is wrong. */
export function sleeveChange(f: SleeveForm, s?: Sleeve): SleeveChange {
  const before = sleeveForm(s)
  const changed = (name: keyof SleeveForm) => f[name] !== before[name]
  const symbols = f.onlySymbols
    ? f.symbols
        .toUpperCase()
        .split(/[\s,;]+/)
        .filter(Boolean)
    : null
  return {
    ...(changed('name') && { name: f.name.trim() }),
    ...(changed('switch') && { switch: f.switch }),
    ...Object.fromEntries(names.filter(changed).map((n) => [n, readBound(f[n])])),
    ...((changed('onlySymbols') || changed('symbols')) && { allowed_symbols: symbols }),
  }
}

/** Where cash can be: in a sleeve, by its id, or '' for what belongs to none. */
export type Place = string

/** The cash of a place that can be moved out of it; null where it is not known. */
export function movable(known: Sleeves, place: Place): string | null {
  if (place === '') return known.unassigned.cash
  return known.sleeves.find((s) => s.id === place)?.available ?? null
}

/** The cash of both places before and after, and what is wrong with the move; '' for nothing. */
export function moved(known: Sleeves, from: Place, to: Place, text: string) {
  const amount = readAmount(text)
  const before = (place: Place) =>
    place === '' ? known.unassigned.cash : (known.sleeves.find((s) => s.id === place)?.cash ?? null)
  const shift = (place: Place, by: Decimal.Value | null) => {
    const cash = before(place)
    return cash === null || by === null ? null : new Decimal(cash).plus(by).toFixed()
  }
  const of = (place: Place, sign: 1 | -1) => ({
    before: before(place),
    after: shift(place, amount === null ? null : new Decimal(amount).times(sign)),
  })
  return { amount, from: of(from, -1), to: of(to, 1), mistake: mistake(known, from, to, text, amount) }
}

function mistake(known: Sleeves, from: Place, to: Place, text: string, amount: string | null): string {
  if (from === to) return 'Choose two places.'
  if (text === '') return ''
  if (amount === null) return amountHint(text)
  if (new Decimal(amount).decimalPlaces() > 2) return `“${text}” has parts of a cent, which cannot be moved.`
  const there = movable(known, from)
  if (there !== null && new Decimal(amount).gt(there))
    return from === ''
      ? 'That is more than is unassigned.'
      : 'That is more than it has, less what its open buys may take.'
  return ''
}
