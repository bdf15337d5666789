// What a table of DataTable.vue is made of.
import Decimal from 'decimal.js'

export type Value = string | number | null

/** A column of a table whose rows are of one kind. */
export interface Column<T> {
  id: string
  label: string
  /** In pixels, at the least. */
  width: number
  /** What a cell says. */
  text: (row: T) => string
  /** What it is sorted by. */
  value: (row: T) => Value
  /** Who sorts by it: the server, which knows all rows, in both directions or with the newest first alone; or the page,
   * which knows those that are loaded. Nobody without it. */
  sort?: 'server' | 'newest' | 'loaded'
  /** A number as a decimal string, shown with the decimals that its column has. */
  isNumber?: boolean
  /** It is always shown. */
  fixed?: boolean
  /** It is not shown at first. */
  extra?: boolean
  /** What stands before it where rows are lines of words. */
  name?: string
  /** Whether there is nothing to say of it, so that such a line leaves it out. */
  isEmpty?: (row: T) => boolean
}

/** How a table is sorted: a column, with a − before it for the greatest first. */
export const sortOf = (text: string) => ({ id: text.replace(/^-/, ''), desc: text.startsWith('-') })

/** Whether the rows come as they are sorted, by the server. */
export const isServers = (sort: Column<unknown>['sort'], desc: boolean) =>
  sort === 'server' || (sort === 'newest' && desc)

const number = /^-?\d+(\.\d+)?$/

/** Compares two values of a column. Numbers are compared exactly, however long they are. */
export function compare(a: Value | undefined, b: Value | undefined): number {
  if (a === b || a === null || b === null || a === undefined || b === undefined) return 0
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const [one, other] = [String(a), String(b)]
  if (number.test(one) && number.test(other)) {
    const roughly = Number(one) - Number(other) // tells nearly all of them apart, at little cost
    return roughly || new Decimal(one).cmp(other)
  }
  return one < other ? -1 : one > other ? 1 : 0
}

/** How many decimals a number has that say something. */
export function decimalsOf(value: Value): number {
  if (typeof value !== 'string') return 0
  const at = value.indexOf('.')
  if (at < 0) return 0
  let end = value.length
  while (value[end - 1] === '0') end--
  return Math.max(0, end - at - 1)
}
