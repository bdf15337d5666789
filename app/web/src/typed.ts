// What people type into fields, read as their locale writes numbers. What is sent is what was read.
import Decimal from 'decimal.js'
import { numbers } from './numbers'

/** A value as a field has it before somebody changes it; '' for none. */
export const fieldText = (value: string | number | null | undefined) =>
  value === null || value === undefined || value === '' ? '' : numbers.write(String(value), { plain: true })

/** An amount of 0 or more, as 1234.5; null where the text is none. */
export function readBound(text: string): string | null {
  const value = numbers.read(text)
  return value !== null && /^\d{1,12}(\.\d{1,9})?$/.test(value) ? value : null
}

/** An amount above 0, as an order may carry it; null where the text is none. */
export function readAmount(text: string): string | null {
  const value = readBound(text)
  return value !== null && new Decimal(value).gt(0) ? value : null
}

/** A percentage of 0 to 100 with up to four decimals; null where the text is none. */
export function readPercent(text: string): string | null {
  const value = numbers.read(text)
  return value !== null && /^\d{1,3}(\.\d{1,4})?$/.test(value) && new Decimal(value).lte(100) ? value : null
}

/** A whole number within its bounds; null where the text is none. */
export function readCount(text: string, least: number, most: number): number | null {
  const value = numbers.read(text)
  if (value === null || !/^\d{1,7}$/.test(value)) return null
  return Number(value) >= least && Number(value) <= most ? Number(value) : null
}

/** A number as it was understood: with both separators where it has thousands, so that nobody
 * takes the one for the other; '' for what is no number. */
export function understood(text: string): string {
  const value = numbers.read(text)
  return value === null ? '' : `= ${numbers.write(value, { least: 2 })}`
}

const thousand = () => numbers.write('1000')
/** How decimals are written, for an example. */
export const example = () => `${fieldText(1000)} or ${numbers.write('12.5')}`

/** What is wrong with a text that is no amount for an order, in a sentence. */
export function amountHint(text: string): string {
  const value = numbers.read(text)
  if (value !== null && new Decimal(value).isZero()) return `“${text}” is too little: it must be above 0.`
  if (value !== null && /\.\d{10,}$/.test(value)) return `“${text}” has more than nine decimals.`
  if (value !== null) return `“${text}” is too much.`
  if (/^[\p{Nd}.,\s’'٫٬]+$/u.test(text))
    return `“${text}” could be read in two ways: write it like ${thousand()} or ${numbers.write('12.5')}.`
  return `“${text}” is not a plain number: write it like ${example()}.`
}
