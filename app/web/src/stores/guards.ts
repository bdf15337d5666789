import type { LiveEvent } from 'paddock-live'
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { api } from '../api'
import { throttle } from '../throttle'
import type { Guards, Limits, Turn } from '../types'
import { useCurrentAccount } from './currentAccount'

/** The guards of the account that is shown: its limits with what is used of them, and its switch. */
export const useGuards = defineStore('guards', () => {
  const current = useCurrentAccount()
  const guards = ref<Guards | null>(null)

  const refresh = () => current.read('guards', api.guards, (answer) => (guards.value = answer))
  const refreshSoon = throttle(refresh, 150, 2000)

  function apply(e: LiveEvent) {
    if (e.kind === 'guard' || e.kind === 'order') refreshSoon() // orders use limits up
  }

  function clear() {
    refreshSoon.cancel()
    guards.value = null
  }

  const setLimits = (limits: Limits) =>
    current.change(
      (id) => api.setGuards(id, limits),
      (answer) => (guards.value = answer),
    )

  /** Turns the switch. It may cancel orders and close positions: all is read again. */
  const turnSwitch = (turn: Turn, key: string) =>
    current.change(
      (id) => api.turnSwitch(id, turn, key),
      (turned) => {
        guards.value = turned.guards
        void current.load()
      },
    )

  current.keep({ clear, load: refresh, apply })
  return { guards, refresh, setLimits, turnSwitch }
})
