import type { LiveEvent } from 'paddock-live'
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { api, explain } from '../api'
import { onceAFrame } from '../frame'
import { OrderBook } from '../orderBook'
import { belongs, oldestFirst, orderQuery, type OrderFilter } from '../orderFilter'
import { useCurrentAccount } from '../stores/currentAccount'
import { throttle } from '../throttle'
import type { Order, OrdersPage } from '../types'
import { useAccountEvents } from './useAccountEvents'
import { usePage } from './usePage'

/** The orders of the account that is shown which a filter passes, page by page. Events change them
 * in place, add those that come to belong to it, and take out those that do not any more. */
export function useOrderList(filter: () => OrderFilter, limit = 200) {
  const current = useCurrentAccount()
  const book = new OrderBook()
  const error = ref('')
  const known = ref(false) // it was read
  const freshness = shallowRef<Pick<OrdersPage, 'as_of' | 'source'> | null>(null)
  /** What events told since the newest page was asked for: an answer may be older. */
  let told = new Map<string, Order>()
  let asked = filter()

  const page = usePage<Order, OrdersPage>({
    read: (before, signal) => {
      if (before === null) told = new Map()
      return api.ordersLike(current.id!, orderQuery(asked, before, limit), signal)
    },
    merge: (shown, read, complete) => {
      if (complete) {
        const there = new Set(read.orders.map((o) => o.id))
        for (const o of shown) if (!there.has(o.id) && !told.has(o.id)) book.remove(o.id)
      }
      for (const o of read.orders) {
        const later = told.get(o.id)
        if (!later || later.updated_at <= o.updated_at) book.put(o)
        else if (belongs(later, asked)) book.put(later)
      }
      return list()
    },
    failed: (e) => (error.value = explain(e)),
    newest: ({ as_of, source, orders, next_cursor }) => {
      // After a long break there may be more new ones than a page has: nothing says what stands between.
      const isApart = known.value && next_cursor !== null && !orders.some((o) => book.find(o.id))
      if (isApart) queueMicrotask(begin)
      known.value = true
      freshness.value = { as_of, source }
    },
  })

  const list = () => (oldestFirst(asked) ? book.list().reverse() : book.list())
  const draw = () => {
    drawSoon.cancel()
    page.items.value = list()
  }
  const drawSoon = onceAFrame(draw)

  /** Whether it comes after all that was read, where there is more to read. */
  function isBeyond(o: Order): boolean {
    const last = page.items.value.at(-1)
    if (page.nextCursor.value === null || !last) return false
    return oldestFirst(asked) ? o.created_at > last.created_at : o.created_at < last.created_at
  }

  /** Takes what is known of an order now. */
  function take(o: Order) {
    told.set(o.id, o)
    const before = book.find(o.id)
    if (before && before.updated_at > o.updated_at) return
    if (!belongs(o, asked)) book.remove(o.id)
    else if (before || !isBeyond(o)) book.put(o)
    drawSoon()
  }

  async function load(read = page.refresh) {
    error.value = ''
    if (current.id) await read()
  }
  const loadSoon = throttle(load, 150)

  function begin() {
    loadSoon.cancel()
    drawSoon.cancel()
    asked = filter()
    told = new Map()
    book.clear()
    page.reset()
    known.value = false
    freshness.value = null
    void load()
  }
  watch([() => current.id, () => orderQuery(filter())], begin, { immediate: true, flush: 'sync' })

  useAccountEvents((e: LiveEvent) => {
    if (e.kind !== 'order') return
    if (e.data.order) take(e.data.order)
    else loadSoon() // an update that the server could not apply: what is true must be asked
  })
  onScopeDispose(() => {
    loadSoon.cancel()
    drawSoon.cancel()
  })

  const complete = computed(() => known.value && page.nextCursor.value === null)
  return {
    orders: page.items,
    nextCursor: page.nextCursor,
    loading: page.loading,
    complete,
    known,
    freshness,
    error,
    take,
    refresh: () => load(),
    older: () => load(page.older),
  }
}
