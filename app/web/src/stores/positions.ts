import Decimal from 'decimal.js'
import type { LiveEvent, QuotesMessage } from 'paddock-live'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { api, type Closing } from '../api'
import { difference } from '../money'
import { atPrice } from '../quotes'
import { throttle } from '../throttle'
import type { BrokerAccount, Position } from '../types'
import { useCurrentAccount } from './currentAccount'
import { useOrders } from './orders'

// How old, in ms, what Alpaca said itself may be before it is asked again.
const figuresLast = 55_000 // equity is moved by the prices of what is held meanwhile
const positionsLast = 55_000 // while quotes come, or are left out so that the account's requests last
const unquotedLast = 9_000 // while none come
const quotesLast = 10_000 // for which they count as coming
const near = 5000 // ms by which a quote may be older than the list of positions and still be told
const apart = 2000 // ms between two answers that are still about the same moment
const pause = 2000 // ms between two readings while fills come one after the other: each costs two of Alpaca's requests

/** What a list of positions holds, and what that is worth; null where a price is missing. */
function worth(list: Position[]) {
  const holdings = list
    .map((p) => `${p.symbol} ${p.qty}`)
    .sort()
    .join()
  const priced = list.every((p) => p.market_value !== null)
  return { holdings, sum: priced ? list.reduce((all, p) => all.plus(p.market_value!), new Decimal(0)) : null }
}

/** The list with the objects of the one before where they say the same: their rows stay as they are. */
function reusing(before: Position[], now: Position[]): Position[] {
  const known = new Map(before.map((p) => [p.symbol, p]))
  return now.map((p) => {
    const old = known.get(p.symbol)
    return old && JSON.stringify(old) === JSON.stringify(p) ? old : p
  })
}

/** The positions and the money of the account that is shown. */
export const usePositions = defineStore('positions', () => {
  const current = useCurrentAccount()
  const orders = useOrders()
  const figures = ref<BrokerAccount | null>(null)
  const told = shallowRef<Position[]>([]) // as Alpaca has listed them
  const list = shallowRef<Position[]>([]) // at the last prices
  const quotes = shallowRef(new Map<string, { price: string; at: Date }>()) // by the position's symbol
  const quotedAt = ref<Date | null>(null)
  /** Why no quotes come. */
  const unquoted = ref<{ code: string; message: string } | null>(null)
  /** What was held, and its worth, when the figures were read: equity moves with it. */
  const base = shallowRef<ReturnType<typeof worth> | null>(null)
  const now = computed(() => worth(list.value))
  const readAt = computed(() => current.readAt.positions ?? null)
  const later = (a: Date | null, b: Date | null | undefined) => (a && b && b > a ? b : a)
  /** When the price of a position was true. */
  const pricedAt = (symbol: string) => later(readAt.value, quotes.value.get(symbol)?.at)
  /** When all that is shown was true. */
  const asOf = computed(() => {
    const all = told.value.length ? told.value.map((p) => pricedAt(p.symbol)) : [later(readAt.value, quotedAt.value)]
    return all.reduce((oldest, at) => (oldest && at && at < oldest ? at : oldest))
  })

  const stillHolds = () => base.value?.holdings === now.value.holdings
  const equity = computed(() => {
    if (!figures.value) return null
    const [was, is] = [base.value, now.value]
    if (!was?.sum || !is.sum || was.holdings !== is.holdings) return figures.value.equity
    return is.sum.minus(was.sum).plus(figures.value.equity).toFixed()
  })
  const today = computed(() =>
    figures.value && equity.value !== null ? difference(equity.value, figures.value.last_equity) : null,
  )

  const age = (at: Date | undefined) => (at ? Date.now() - at.getTime() : Infinity)

  const readFigures = () =>
    current.read('figures', api.brokerAccount, (account) => {
      figures.value = account
      base.value = age(current.readAt.positions) < apart ? worth(told.value) : null
    })
  const readPositions = () =>
    current.read('positions', api.positions, (positions) => {
      told.value = positions
      draw()
      if (!base.value && age(current.readAt.figures) < apart) base.value = worth(told.value)
    })

  /** Shows the positions at the last prices that were told. */
  function draw() {
    const since = (readAt.value?.getTime() ?? 0) - near
    list.value = reusing(
      list.value,
      told.value.map((p) => {
        const quote = quotes.value.get(p.symbol)
        return quote && quote.at.getTime() >= since ? atPrice(p, quote.price) : p
      }),
    )
  }

  /** Takes what the account's positions trade at. */
  function quote(m: QuotesMessage) {
    if (m.account_id !== current.id) return
    unquoted.value = m.code === undefined ? null : { code: m.code, message: m.message ?? '' }
    if (!m.data) return
    const at = (quotedAt.value = new Date())
    const known = new Map(quotes.value)
    for (const { symbol, price } of m.data.quotes) known.set(symbol.replaceAll('/', ''), { price, at })
    quotes.value = known
    draw()
  }

  const refresh = () => Promise.all([readFigures(), readPositions()])
  const refreshSoon = throttle(refresh, 150, pause)

  let polling = 0 // the generation of a poll that is under way
  let polls = 0
  let rest = 0 // turns that are left out after a failure: Alpaca, or its limit, is not to be pressed
  const lasts = () => {
    const quoted = told.value.every((p) => age(quotes.value.get(p.symbol)?.at) < quotesLast)
    const spared = unquoted.value?.code === 'broker_rate_limited'
    return spared || (quoted && age(quotedAt.value ?? undefined) < quotesLast) ? positionsLast : unquotedLast
  }

  /** Reads what Alpaca says itself, where that is too old. */
  async function poll() {
    if (polling || current.needsKeys || age(current.readAt.positions) < lasts() || rest-- > 0) return
    const mine = (polling = ++polls)
    await readPositions()
    const { figures: at } = current.readAt
    if (polling === mine && (age(at) >= figuresLast || !stillHolds())) await readFigures()
    if (polling !== mine) return
    polling = 0
    rest = current.knows('positions') === 'known' && current.knows('figures') === 'known' ? 0 : 2
  }

  /** Fills move money and positions, and new keys may be of another brokerage account. */
  function apply(e: LiveEvent) {
    const moved =
      e.kind === 'position' || e.kind === 'credentials' || (e.kind === 'order' && (e.data.execution || !e.data.order))
    if (moved) refreshSoon()
  }

  function clear() {
    refreshSoon.cancel()
    polling = rest = 0
    figures.value = null
    told.value = []
    list.value = []
    quotes.value = new Map()
    quotedAt.value = null
    unquoted.value = null
    base.value = null
  }

  const close = (symbol: string, how: Closing, key: string) =>
    current.change((id) => api.closePosition(id, symbol, how, key), orders.put)
  const closeAll = (how: Closing, key: string) =>
    current.change(
      (id) => api.closeAll(id, how, key),
      () => void current.load(),
    )

  current.keep({ clear, load: refresh, apply })
  return { figures, list, equity, today, asOf, pricedAt, unquoted, refresh, poll, quote, close, closeAll }
})
