import { useDocumentVisibility } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { api } from '../api'
import { nextBell } from '../market'
import { onReconnection } from '../reconnection'
import type { MarketClock } from '../types'
import { useCurrentAccount } from './currentAccount'

const lasts = 15 * 60_000 // ms for which a clock is counted on from before it is asked for again
const afterBell = 3000 // ms after a bell, when Alpaca knows of it too
const again = 60_000 // ms after one that could not be read
const slept = 30_000 // ms between two ticks of a second: the machine was asleep, and its timers stood still

/** Whether shares trade. It is so for everybody, and is asked with the keys of the account that is shown. */
export const useMarket = defineStore('market', () => {
  const current = useCurrentAccount()
  const seen = useDocumentVisibility()
  const clock = shallowRef<MarketClock | null>(null)
  /** The market's time, in ms. */
  const now = ref(0)
  const bell = computed(() => clock.value && nextBell(clock.value, now.value))
  const isOpen = computed(() => bell.value?.open ?? null)

  let readAt = 0 // by a clock that nobody sets
  let askAt = 0
  let asking = false
  let users = 0
  let timer: ReturnType<typeof setInterval> | undefined
  let ticked = Date.now()

  const count = () => {
    if (clock.value) now.value = new Date(clock.value.timestamp).getTime() + performance.now() - readAt
  }

  async function ask() {
    const { id } = current
    if (!id || current.needsKeys || asking) return
    asking = true
    askAt = performance.now() + again
    try {
      clock.value = await api.clock(id)
      readAt = performance.now()
      count()
      const rings = bell.value ? bell.value.at.getTime() - now.value + afterBell : again
      askAt = readAt + Math.min(lasts, Math.max(rings, afterBell))
    } catch {
      // It is tried again.
    } finally {
      asking = false
    }
  }

  function tick() {
    count()
    const asleep = Date.now() - ticked > slept
    ticked = Date.now()
    if (seen.value === 'visible' && (asleep || performance.now() >= askAt)) void ask()
  }

  /** Counts for as long as somebody looks, until the function that it returns is called. */
  function look(): () => void {
    if (users++ === 0) {
      ticked = Date.now()
      timer = setInterval(tick, 1000)
      tick()
    }
    return () => {
      if (--users === 0) clearInterval(timer)
    }
  }

  watch(
    () => [current.id, current.needsKeys],
    () => users > 0 && !clock.value && void ask(),
  )
  onReconnection(() => users > 0 && void ask())
  return { now, bell, isOpen, look }
})
