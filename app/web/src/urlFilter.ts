// How filters stand in the address of a page.

export type Query = Record<string, unknown>

export const text = (value: unknown) => (typeof value === 'string' ? value : '')

/** The value if it is one of these, or else the first of them. */
export const one = <T extends string>(value: unknown, of: readonly T[]) => of.find((known) => known === value) ?? of[0]!

/** A filter for the address: what is as ever is left out. */
export function chosen<F extends object>(filter: F, usual: F): Record<string, string> {
  const other = Object.entries(filter).filter(([name, value]) => value !== usual[name as keyof F])
  return Object.fromEntries(other.map(([name, value]) => [name, String(value)]))
}
