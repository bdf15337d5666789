import { defineStore } from 'pinia'
import { ref } from 'vue'
import { api, ApiError, explain, type Closing } from '../api'
import type { LiveEvent } from 'paddock-live'
import type { BrokerAccount, Guards, Limits, Order, OrderRequest, OrdersPage, Position, Replacement, Turn } from '../types'

/** What is shown of one account. Another account's data never gets in: each
 * switch empties the desk, and late answers to the one before are dropped. */
export const useDesk = defineStore('desk', () => {
  const account = ref<string | null>(null)
  const figures = ref<BrokerAccount | null>(null)
  const positions = ref<Position[]>([])
  const asOf = ref<Date | null>(null) // of figures and positions
  const orders = ref<Order[]>([])
  const ordersOf = ref<Pick<OrdersPage, 'as_of' | 'source'> | null>(null) // how fresh they are
  const nextCursor = ref<string | null>(null)
  const loading = ref(false)
  const error = ref<string | null>(null)
  const needsKeys = ref(false)
  const guards = ref<Guards | null>(null)
  const stirred = ref(0) // counts what may change how an order would be judged

  let generation = 0
  let aborter = new AbortController()
  const timers = new Map<() => Promise<unknown>, ReturnType<typeof setTimeout>>()

  function show(id: string | null) {
    generation++
    aborter.abort()
    aborter = new AbortController()
    for (const timer of timers.values()) clearTimeout(timer)
    account.value = id
    figures.value = null
    positions.value = []
    asOf.value = null
    orders.value = []
    ordersOf.value = null
    nextCursor.value = null
    error.value = null
    needsKeys.value = false
    guards.value = null
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
      refreshGuards(),
      mine((id, signal) => api.orders(id, undefined, signal), (page) => {
        newest(page)
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

  function refreshOrders() {
    return mine((id, signal) => api.orders(id, undefined, signal), newest)
  }

  function newest(page: OrdersPage) {
    page.orders.forEach(upsert)
    ordersOf.value = { as_of: page.as_of, source: page.source }
  }

  function refreshGuards() {
    return mine(api.guards, (g) => (guards.value = g))
  }

  function more() {
    const before = nextCursor.value
    if (!before) return
    return mine((id, signal) => api.orders(id, before, signal), (page) => {
      for (const o of page.orders) upsert(o)
      nextCursor.value = page.next_cursor
    })
  }

  /** Puts an order in its place, unless what is there is newer. One that was
   * read from Alpaca goes by Alpaca's id until Paddock has one for it. */
  function upsert(o: Order) {
    const same = (known: Order) => known.id === o.id || (o.alpaca_order_id !== null && known.alpaca_order_id === o.alpaca_order_id)
    const all = orders.value
    if (o.id === o.alpaca_order_id && all.some((known) => known.id !== o.id && same(known))) return
    const at = all.findIndex(same)
    if (at < 0) {
      all.push(o)
      all.sort((a, b) => (a.created_at < b.created_at ? 1 : -1))
      return
    }
    const before = all.find((known) => known.id === o.id)
    all[at] = before && before.updated_at > o.updated_at ? before : o
    orders.value = all.filter((known, i) => i === at || !same(known))
  }

  /** An order with legs, whose own news may be on their way still. */
  function take(o: Order) {
    upsert(o)
    if (!['', 'simple'].includes(o.order_class)) soon(refreshOrders)
  }

  function apply(e: LiveEvent) {
    if (e.account_id !== account.value) return
    stirred.value++
    if (e.kind === 'guard' || e.kind === 'order') soon(refreshGuards)
    if (e.kind === 'order') {
      if (!e.data.order) return void load() // an update that the server could not apply: ask what is true
      take(e.data.order)
      if (!e.data.execution) return
    } else if (e.kind === 'credentials') {
      needsKeys.value = e.data.state !== 'stored'
    } else if (e.kind !== 'position') return
    soon(refreshMoney) // fills move money and positions
  }

  /** Several events at once are asked about once. */
  function soon(ask: () => Promise<unknown>) {
    clearTimeout(timers.get(ask))
    timers.set(ask, setTimeout(() => void ask(), 150))
  }

  /** Runs a change of an order of the account that is shown, and puts what
   * comes of it in its place. */
  async function change(ask: (account: string) => Promise<Order>) {
    const asked = generation
    const order = await ask(account.value!)
    if (asked === generation) take(order)
    return order
  }
  const place = (order: OrderRequest) => change((id) => api.placeOrder(id, order))
  const cancel = (order: string) => change((id) => api.cancelOrder(id, order))
  const replace = (order: string, by: Replacement, key: string) => change((id) => api.replaceOrder(id, order, by, key))
  const dismiss = (order: string) => change((id) => api.dismissOrder(id, order))
  const close = (symbol: string, how: Closing, key: string) => change((id) => api.closePosition(id, symbol, how, key))

  async function closeAll(how: Closing, key: string) {
    const asked = generation
    const closed = await api.closeAll(account.value!, how, key)
    if (asked === generation) void load()
    return closed
  }

  async function setLimits(limits: Limits) {
    const asked = generation
    const answer = await api.setGuards(account.value!, limits)
    if (asked === generation) guards.value = answer
  }

  async function turn(to: Turn, key: string) {
    const asked = generation
    const turned = await api.turnSwitch(account.value!, to, key)
    if (asked === generation) {
      guards.value = turned.guards
      void load()
    }
    return turned
  }

  return {
    account, figures, positions, asOf, refreshMoney, orders, ordersOf, refreshOrders, nextCursor, loading, error, needsKeys, guards, stirred, refreshGuards, show, load, more, apply,
    place, cancel, replace, dismiss, close, closeAll, setLimits, turn,
  }
})
