import type { LiveEvent } from 'paddock-live'
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { api, type Closing } from '../api'
import { debounce } from '../debounce'
import type { BrokerAccount, Position } from '../types'
import { useCurrentAccount } from './currentAccount'
import { useOrders } from './orders'

/** The positions and the money of the account that is shown. */
export const usePositions = defineStore('positions', () => {
  const current = useCurrentAccount()
  const orders = useOrders()
  const figures = ref<BrokerAccount | null>(null)
  const list = ref<Position[]>([])
  const asOf = ref<Date | null>(null)

  function refresh() {
    return Promise.all([
      current.read(api.brokerAccount, (account) => (figures.value = account)),
      current.read(api.positions, (positions) => {
        list.value = positions
        asOf.value = new Date()
      }),
    ])
  }
  const refreshSoon = debounce(refresh, 150)

  /** Fills move money and positions, and new keys may be of another brokerage account. */
  function apply(e: LiveEvent) {
    const moved =
      e.kind === 'position' || e.kind === 'credentials' || (e.kind === 'order' && (e.data.execution || !e.data.order))
    if (moved) refreshSoon()
  }

  function clear() {
    refreshSoon.cancel()
    figures.value = null
    list.value = []
    asOf.value = null
  }

  const close = (symbol: string, how: Closing, key: string) =>
    current.change((id) => api.closePosition(id, symbol, how, key), orders.put)
  const closeAll = (how: Closing, key: string) =>
    current.change(
      (id) => api.closeAll(id, how, key),
      () => void current.load(),
    )

  current.keep({ clear, load: refresh, apply })
  return { figures, list, asOf, refresh, close, closeAll }
})
