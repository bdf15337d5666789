import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { api, explain } from '../api'
import { moved, readBars, withNewer, type Bar } from '../chart/bars'
import { readHours, type Hours } from '../chart/times'
import type { Timeframe } from '../chart/timeframes'
import { useCurrentAccount } from './currentAccount'

const lasts = 55_000 // ms before candles are read again: quotes keep them fresh meanwhile
const most = 20 // symbols and timeframes that are kept

export interface BarSet {
  bars: Bar[]
  /** Counts readings: a set of the same reading differs in its last candles alone. */
  reading: number
  /** Why the last reading failed; '' where it has not. */
  error: string
}

/** The candles of the account that is shown: market data is licensed to each subscriber. */
export const useBars = defineStore('bars', () => {
  const current = useCurrentAccount()
  const sets = shallowRef(new Map<string, BarSet>())
  const hours = shallowRef<Hours | null>(null)
  const triedAt = new Map<string, number>()
  let aborter = new AbortController()
  let readings = 0
  let hoursAsked = false

  const key = (symbol: string, frame: Timeframe) => `${symbol} ${frame.id}`
  const of = (symbol: string, frame: Timeframe) => sets.value.get(key(symbol, frame))

  function put(name: string, set: BarSet) {
    const now = new Map(sets.value)
    now.delete(name)
    now.set(name, set)
    for (const oldest of now.keys()) {
      if (now.size <= most) break
      now.delete(oldest)
      triedAt.delete(oldest)
    }
    sets.value = now
  }

  /** Reads candles, where none were read, or tried to be, within the last minute. */
  async function read(symbol: string, frame: Timeframe) {
    const name = key(symbol, frame)
    const { id } = current
    if (!id || !symbol || current.needsKeys || performance.now() - (triedAt.get(name) ?? -Infinity) < lasts) return
    triedAt.set(name, performance.now())
    const { signal } = aborter
    try {
      const start = new Date(Date.now() - frame.days * 86_400_000)
      const told = await api.bars(id, symbol, frame.id, start, signal)
      if (signal.aborted) return
      const bars = withNewer(readBars(told), sets.value.get(name)?.bars ?? [])
      put(name, { bars, reading: ++readings, error: '' })
    } catch (e) {
      if (signal.aborted) return
      put(name, { ...(sets.value.get(name) ?? { bars: [], reading: ++readings }), error: explain(e) })
    }
  }

  /** Tries again what has failed. */
  function again(symbol: string, frame: Timeframe) {
    triedAt.delete(key(symbol, frame))
    void read(symbol, frame)
  }

  /** Moves the last candle by a price that was traded at a time. */
  function move(symbol: string, frame: Timeframe, price: string, at: number) {
    const set = of(symbol, frame)
    const bars = set && moved(set.bars, frame, Number(price), at)
    if (bars && bars !== set.bars) put(key(symbol, frame), { ...set, bars })
  }

  /** Reads regular hours once: they are so for everybody. */
  async function readCalendar() {
    const { id } = current
    if (hoursAsked || !id || current.needsKeys) return
    hoursAsked = true
    const day = (from: number) => new Date(Date.now() + from * 86_400_000).toISOString().slice(0, 10)
    try {
      hours.value = readHours(await api.calendar(id, day(-130), day(7)))
    } catch {
      hoursAsked = false
    }
  }

  function clear() {
    aborter.abort()
    aborter = new AbortController()
    triedAt.clear()
    sets.value = new Map()
  }
  current.keep({ clear, load: () => Promise.resolve() })
  return { of, read, again, move, hours, readCalendar }
})
