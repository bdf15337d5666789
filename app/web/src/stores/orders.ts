import type { LiveEvent } from 'paddock-live'
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { api } from '../api'
import { isJob } from '../approvals'
import { usePage } from '../composables/usePage'
import { debounce } from '../debounce'
import { upsert } from '../orders'
import type { Job, Order, OrderRequest, OrdersPage, Replacement } from '../types'
import { useCurrentAccount } from './currentAccount'

/** The orders of the account that is shown, the newest first. */
export const useOrders = defineStore('orders', () => {
  const current = useCurrentAccount()
  const freshness = ref<Pick<OrdersPage, 'as_of' | 'source'> | null>(null)
  const page = usePage({
    read: (before, signal) => api.orders(current.id!, before, signal),
    merge: (shown: Order[], read) => read.orders.reduce(upsert, shown),
    failed: current.fail,
    newest: ({ as_of, source }) => (freshness.value = { as_of, source }),
  })
  const list = page.items

  async function refresh() {
    if (current.id) await page.refresh()
  }
  const refreshSoon = debounce(refresh, 150)

  /** Takes what is known of an order now. The legs of one that has some may have
   * news that is not here yet. */
  function put(order: Order) {
    list.value = upsert(list.value, order)
    if (!['', 'simple'].includes(order.order_class)) refreshSoon()
  }

  function apply(e: LiveEvent) {
    if (e.kind !== 'order') return
    if (e.data.order) put(e.data.order)
    else refreshSoon() // an update that the server could not apply: what is true must be asked
  }

  function clear() {
    refreshSoon.cancel()
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
