import { defineStore } from 'pinia'
import { ref } from 'vue'
import { api, ApiError, explain } from '../api'
import type { LiveEvent } from '../live'
import type { BrokerAccount, Order, OrderEvent, OrderRequest, Position } from '../types'

/** What is shown of one account. Another account's data never gets in: each
 * switch empties the desk, and late answers to the one before are dropped. */
export const useDesk = defineStore('desk', () => {
  const account = ref<string | null>(null)
  const figures = ref<BrokerAccount | null>(null)
  const positions = ref<Position[]>([])
  const asOf = ref<Date | null>(null) // of figures and positions
  const orders = ref<Order[]>([])
  const nextCursor = ref<string | null>(null)
  const loading = ref(false)
  const error = ref<string | null>(null)
  const needsKeys = ref(false)

  let generation = 0
  let aborter = new AbortController()
  let refreshTimer: ReturnType<typeof setTimeout> | undefined

  function show(id: string | null) {
    generation++
    aborter.abort()
    aborter = new AbortController()
    clearTimeout(refreshTimer)
    account.value = id
    figures.value = null
    positions.value = []
    asOf.value = null
    orders.value = []
    nextCursor.value = null
    error.value = null
    needsKeys.value = false
    if (id) void load()
  }

  /** Runs a call for the account that is shown, and drops its answer if
   * another one is shown by then. */
  async function mine<T>(ask: (account: string, signal: AbortSignal) => Promise<T>, then: (answer: T) => void) {
    const asked = generation
    const id = account.value
    if (!id) return
    try {
      const answer = await ask(id, aborter.signal)
      if (asked === generation) then(answer)
    } catch (e) {
      if (asked !== generation || (e instanceof DOMException && e.name === 'AbortError')) return
      if (e instanceof ApiError && e.code === 'needs_credentials') needsKeys.value = true
      else error.value = explain(e)
    }
  }

  async function load() {
    const asked = generation
    loading.value = true
    error.value = null
    await Promise.all([
      refreshMoney(),
      mine((id, signal) => api.orders(id, undefined, signal), (page) => {
        for (const o of page.orders) upsert(o)
        nextCursor.value = page.next_cursor
      }),
    ])
    if (asked === generation) loading.value = false
  }

  function refreshMoney() {
    return Promise.all([
      mine(api.brokerAccount, (a) => (figures.value = a)),
      mine(api.positions, (p) => {
        positions.value = p
        asOf.value = new Date()
      }),
    ])
  }

  function more() {
    const before = nextCursor.value
    if (!before) return
    return mine((id, signal) => api.orders(id, before, signal), (page) => {
      for (const o of page.orders) upsert(o)
      nextCursor.value = page.next_cursor
    })
  }

  /** Puts an order in its place, unless what is there is newer. */
  function upsert(o: Order) {
    const at = orders.value.findIndex((known) => known.id === o.id)
    if (at < 0) {
      orders.value.push(o)
      orders.value.sort((a, b) => (a.created_at < b.created_at ? 1 : -1))
    } else if (orders.value[at]!.updated_at <= o.updated_at) orders.value[at] = o
  }

  function apply(e: LiveEvent) {
    if (e.account_id !== account.value) return
    if (e.kind === 'order') {
      const data = e.data as OrderEvent
      if (!data.order) return void load() // an update that the server could not apply: ask what is true
      upsert(data.order)
      if (!data.execution) return
    } else if (e.kind === 'credentials') {
      const state = (e.data as { state: string }).state
      needsKeys.value = state !== 'stored'
    } else if (e.kind !== 'position') return
    // Fills move money and positions; several at once are asked for once.
    clearTimeout(refreshTimer)
    refreshTimer = setTimeout(() => void refreshMoney(), 150)
  }

  async function place(order: OrderRequest) {
    const asked = generation
    const placed = await api.placeOrder(account.value!, order)
    if (asked === generation) upsert(placed)
    return placed
  }

  async function cancel(id: string) {
    const asked = generation
    const canceled = await api.cancelOrder(account.value!, id)
    if (asked === generation) upsert(canceled)
  }

  return { account, figures, positions, asOf, refreshMoney, orders, nextCursor, loading, error, needsKeys, show, load, more, apply, place, cancel }
})
