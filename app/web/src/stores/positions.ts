import Decimal from 'decimal.js'
import type { LiveEvent } from 'paddock-live'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { api, type Closing } from '../api'
import { difference } from '../money'
import { throttle } from '../throttle'
import type { BrokerAccount, Position } from '../types'
import { useCurrentAccount } from './currentAccount'
import { useOrders } from './orders'

const figuresLast = 30_000 // ms for which equity is moved by the prices of what is held, and not asked for
const apart = 2000 // ms between two answers that are still about the same moment

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
  const list = shallowRef<Position[]>([])
  /** What was held, and its worth, when the figures were read: equity moves with it. */
  const base = shallowRef<ReturnType<typeof worth> | null>(null)
  const now = computed(() => worth(list.value))
  const asOf = computed(() => current.readAt.positions ?? null)

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
      base.value = age(current.readAt.positions) < apart ? now.value : null
    })
  const readPositions = () =>
    current.read('positions', api.positions, (positions) => {
      list.value = reusing(list.value, positions)
      if (!base.value && age(current.readAt.figures) < apart) base.value = now.value
    })

  const refresh = () => Promise.all([readFigures(), readPositions()])
  const refreshSoon = throttle(refresh, 150)

  let polling = 0 // the generation of a poll that is under way
  let polls = 0
  let rest = 0 // turns that are left out after a failure: Alpaca, or its limit, is not to be pressed
  /** Reads what moves by itself: one request, as long as the account holds what it held. */
  async function poll() {
    if (polling || current.needsKeys || rest-- > 0) return
    const mine = (polling = ++polls)
    await readPositions()
    const { figures: at } = current.readAt
    if (polling === mine && (age(at) > figuresLast || !stillHolds())) await readFigures()
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
    list.value = []
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
  return { figures, list, equity, today, asOf, refresh, poll, close, closeAll }
})
