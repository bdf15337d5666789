import type { LiveEvent } from 'paddock-live'
import { defineStore } from 'pinia'
import { ref, shallowRef, watch } from 'vue'
import { api } from '../api'
import { throttle } from '../throttle'
import type { PortfolioAccount } from '../types'
import { useAccounts } from './accounts'

/** What the database knows of each of the user's accounts, by one request for all of them: Alpaca is
 * not asked about accounts that are not shown. */
export const usePortfolio = defineStore('portfolio', () => {
  const accounts = useAccounts()
  const list = shallowRef<PortfolioAccount[]>([])
  const readAt = ref<Date | null>(null)
  const failure = shallowRef<unknown>(null) // of the last reading, where that failed
  let readings = 0

  async function load() {
    const mine = ++readings
    try {
      const answer = await api.portfolio()
      if (mine !== readings) return
      list.value = answer
      readAt.value = new Date()
      failure.value = null
    } catch (e) {
      if (mine === readings) failure.value = e
    }
  }
  const loadSoon = throttle(load, 300, 3000) // fills come one after the other

  let followers = 0
  /** Has it read again with each event, until the function that it returns is called. */
  function follow(): () => void {
    followers++
    return () => {
      if (--followers === 0) loadSoon.cancel()
    }
  }

  /** Takes an event of any of the user's accounts. */
  function receive(e: LiveEvent) {
    if (followers && e.kind !== 'agent_log') loadSoon()
  }

  const of = (account: string) => list.value.find((one) => one.account_id === account)

  // Nothing of one user stays for the next.
  watch(
    () => accounts.list.length === 0,
    (none) => {
      if (!none) return
      readings++
      loadSoon.cancel()
      list.value = []
      readAt.value = null
      failure.value = null
    },
    { flush: 'sync' },
  )

  return { list, readAt, failure, load, follow, receive, of }
})
