// Amounts as people read and write them. Decimals all the way: a float would show cents that
// are not there.
import Decimal from 'decimal.js'
import { numbers } from './numbers'

type Amount = string | null | undefined
const absent = (value: Amount): value is null | undefined | '' => value === null || value === undefined || value === ''

/** 1234.5 → 1,234.50; what is missing → –. */
export const money = (value: Amount) => (absent(value) ? '–' : numbers.write(value, { least: 2, most: 2 }))

/** 1234.5 → $1,234.50, with the sign where the locale has it. */
export const dollars = (value: Amount) =>
  absent(value) ? '–' : numbers.write(value, { least: 2, most: 2, dollars: true })

/** Two decimals, or as many as the price has, up to most: cents are not enough
 * for a coin, and an average has no end. */
export function price(value: Amount, most?: number): string {
  if (absent(value)) return '–'
  return numbers.write(value, { least: 2, most: most ?? (new Decimal(value).abs().lt(1) ? 9 : 4) })
}

/** With a + before gains. */
export const change = (value: Amount) =>
  absent(value) ? '–' : numbers.write(value, { least: 2, most: 2, signed: true })

/** By how many per cent something has moved: +1.5 %. */
export const percentChange = (value: Amount) =>
  absent(value) ? '–' : `${numbers.write(value, { most: 2, signed: true })} %`

/** A quantity without zeros that say nothing. */
export const quantity = (value: Amount) => (absent(value) ? '–' : numbers.write(value))

/** A number of things. */
export const count = (value: number) => numbers.write(String(value))

/** How many decimals a written number has. */
const decimals = (text: string) => (text.includes(numbers.point) ? text.length - text.indexOf(numbers.point) - 1 : 0)

/** The decimals of a column, in which each number has room for as many as any of them has. */
export const places = (column: string[]) => column.reduce((most, text) => Math.max(most, decimals(text)), 0)

export function difference(a: string, b: string): string {
  return new Decimal(a).minus(b).toFixed()
}

/** up, down or '' for the colour of a gain, once it is rounded to cents. */
export function direction(value: Amount): '' | 'up' | 'down' {
  if (absent(value)) return ''
  const d = new Decimal(value).toDecimalPlaces(2, Decimal.ROUND_HALF_UP)
  return d.gt(0) ? 'up' : d.lt(0) ? 'down' : ''
}
