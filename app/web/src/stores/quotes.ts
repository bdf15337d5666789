import type { Quote, QuotesMessage } from 'paddock-live'
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { isSymbol, plain } from '../symbols'
import { useCurrentAccount } from './currentAccount'

const most = 50 // symbols that may be watched besides what is held

/** A quote, and when it came. */
export type KnownQuote = Quote & { read: Date }

/** What the market said last of symbols, as told to the account that is shown: of what it holds, and
 * of what components look at besides. */
export const useQuotes = defineStore('quotes', () => {
  const current = useCurrentAccount()
  const known = shallowRef(new Map<string, KnownQuote>())
  const wanted = shallowRef(new Map<object, string[]>())
  /** What is looked at: each symbol once, and no more than may be. */
  const symbols = computed(() => [...new Set([...wanted.value.values()].flat().filter(isSymbol))].slice(0, most))

  function take(m: QuotesMessage) {
    if (m.account_id !== current.id || !m.data) return
    const read = new Date()
    const now = new Map(known.value)
    for (const quote of m.data.quotes) now.set(plain(quote.symbol), { ...quote, read })
    known.value = now
  }

  const of = (symbol: string) => known.value.get(plain(symbol))

  /** Has a component's symbols watched, in place of those that it named before; none ends it. */
  function want(component: object, list: string[]) {
    const now = new Map(wanted.value)
    if (list.length) now.set(component, list)
    else now.delete(component)
    wanted.value = now
  }

  const clear = () => (known.value = new Map())
  current.keep({ clear, load: () => Promise.resolve() })
  return { symbols, take, of, want }
})
