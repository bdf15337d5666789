import type { LiveEvent } from 'paddock-live'
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { api } from '../api'
import { isJob } from '../approvals'
import { usePage } from '../composables/usePage'
import { throttle } from '../throttle'
import { onceAFrame } from '../frame'
import { OrderBook } from '../orderBook'
import type { Job, Order, OrderRequest, OrdersPage, Replacement } from '../types'
import { useCurrentAccount } from './currentAccount'

/** The orders of the account that is shown, the newest first. */
export const useOrders = defineStore('orders', () => {
  const current = useCurrentAccount()
  const freshness = ref<Pick<OrdersPage, 'as_of' | 'source'> | null>(null)
  const book = new OrderBook()
  const page = usePage({
    read: (before, signal) => api.orders(current.id!, before, signal),
    merge: (_shown: Order[], read) => {
      for (const o of read.orders) book.put(o)
      return book.list()
    },
    failed: (e) => current.fail('orders', e),
    newest: ({ as_of, source }) => {
      current.succeed('orders')
      freshness.value = { as_of, source }
    },
  })
  const list = page.items

  async function refresh() {
    if (current.id) await page.refresh()
  }
  const refreshSoon = throttle(refresh, 150)

  /** Takes what is known of an order now. The legs of one that has some may have
   * news that is not here yet. */
  function put(order: Order) {
    book.put(order)
    show()
    afterwards(order)
  }

  function show() {
    drawSoon.cancel()
    list.value = book.list()
  }
  // Events come in bursts, and each would draw the list anew.
  const drawSoon = onceAFrame(show)

  function afterwards(order: Order) {
    if (!['', 'simple'].includes(order.order_class)) refreshSoon()
  }

  function apply(e: LiveEvent) {
    if (e.kind !== 'order') return
    if (e.data.order) {
      book.put(e.data.order)
      drawSoon()
      afterwards(e.data.order)
    } else refreshSoon() // an update that the server could not apply: what is true must be asked
  }

  function clear() {
    refreshSoon.cancel()
    drawSoon.cancel()
    book.clear()
    page.reset()
    freshness.value = null
  }

  /** Takes the order. What waits for a person is none yet, and an event tells of it. */
  function take(answer: Order | Job) {
    if (!isJob(answer)) put(answer)
  }

  const place = (order: OrderRequest) => current.change((id) => api.placeOrder(id, order), take)
  const cancel = (order: string) => current.change((id) => api.cancelOrder(id, order), put)
  const replace = (order: string, by: Replacement, key: string) =>
    current.change((id) => api.replaceOrder(id, order, by, key), take)
  const dismiss = (order: string) => current.change((id) => api.dismissOrder(id, order), put)

  current.keep({ clear, load: refresh, apply })
  return {
    list,
    freshness,
    nextCursor: page.nextCursor,
    refresh,
    older: page.older,
    put,
    place,
    cancel,
    replace,
    dismiss,
  }
})
