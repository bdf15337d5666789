// Amounts as people read them. Decimals all the way: a float would show cents
// that are not there.
import Decimal from 'decimal.js'

function group(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+(?!\d))/g, ',')
}

/** 1234.5 → 1,234.50; what is missing → –. */
export function money(value: string | null | undefined, places = 2): string {
  if (value === null || value === undefined || value === '') return '–'
  const rounded = new Decimal(value).toDecimalPlaces(places, Decimal.ROUND_HALF_UP)
  const [whole = '0', fraction] = rounded.abs().toFixed(places).split('.')
  const sign = rounded.lt(0) ? '−' : ''
  return sign + group(whole) + (fraction ? `.${fraction}` : '')
}

/** Two decimals, or as many as the price has, up to most: cents are not enough
 * for a coin, and an average has no end. */
export function price(value: string | null | undefined, most?: number): string {
  if (!value) return money(value)
  const d = new Decimal(value)
  return money(value, Math.max(2, Math.min(d.decimalPlaces(), most ?? (d.abs().lt(1) ? 9 : 4))))
}

/** With a + before gains. */
export function change(value: string | null | undefined): string {
  if (value === null || value === undefined || value === '') return '–'
  return (direction(value) === 'up' ? '+' : '') + money(value)
}

/** A quantity without zeros that say nothing. */
export function quantity(value: string | null | undefined): string {
  if (value === null || value === undefined || value === '') return '–'
  const d = new Decimal(value)
  const [whole = '0', fraction] = d.abs().toFixed().split('.')
  return (d.lt(0) ? '−' : '') + group(whole) + (fraction ? `.${fraction}` : '')
}

export function difference(a: string, b: string): string {
  return new Decimal(a).minus(b).toFixed()
}

/** up, down or '' for the colour of a gain, once it is rounded to cents. */
export function direction(value: string | null | undefined): '' | 'up' | 'down' {
  if (!value) return ''
  const d = new Decimal(value).toDecimalPlaces(2, Decimal.ROUND_HALF_UP)
  return d.gt(0) ? 'up' : d.lt(0) ? 'down' : ''
}

/** Whether a text is an amount above 0 that an order may carry. */
export function isAmount(text: string): boolean {
  return isBound(text) && new Decimal(text).gt(0)
}

/** What is wrong with a text that is no amount for an order, in a sentence. */
export function amountHint(text: string): string {
  if (/^0*(\.0*)?$/.test(text)) return `“${text}” is too little: it must be above 0.`
  if (/^\d{1,12}\.\d{10,}$/.test(text)) return `“${text}” has more than nine decimals.`
  if (/^[\d.,\s’']+$/.test(text))
    return `“${text}” could be read in two ways: write it like 1000 or 12.5, with a point for decimals and nothing between thousands.`
  return `“${text}” is not a plain number: write it like 1000 or 12.5.`
}

/** Whether a text is an amount of 0 or more. */
export function isBound(text: string): boolean {
  return /^\d{1,12}(\.\d{1,9})?$/.test(text)
}
