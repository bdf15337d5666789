// When shares trade, in words. All times are the market's: a browser's clock may be wrong.
import { locale } from './locale'
import type { MarketClock } from './types'

export interface Bell {
  open: boolean // until then
  at: Date
}

/** The next bell after a time, as a clock that was read before tells it; null where it has told of no later one. */
export function nextBell(clock: MarketClock, now: number): Bell | null {
  const [opens, closes] = [new Date(clock.next_open), new Date(clock.next_close)]
  const bells = [
    { open: false, at: opens },
    { open: true, at: closes },
  ]
  if (clock.is_open) bells.reverse()
  return bells.find((bell) => bell.at.getTime() > now) ?? null
}

const zone = 'America/New_York'
const inNewYork = (options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat(locale, { timeZone: zone, hour: 'numeric', minute: '2-digit', ...options })
const time = inNewYork({})
const weekdayAndTime = inNewYork({ weekday: 'short' })
const day = new Intl.DateTimeFormat('en-CA', { timeZone: zone })
const hour = new Intl.DateTimeFormat('en-US', { timeZone: zone, hour: 'numeric', hourCycle: 'h23' })

const usualClose = 16

/** 2 h 14 min, 14 min, 40 s. */
export function timeLeft(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

const soon = 12 * 3600_000 // ms for which somebody counts the hours

/** Whether shares trade, and until when. */
export function bellWords({ open, at }: Bell, now: number): string {
  const left = timeLeft(at.getTime() - now)
  const today = day.format(at) === day.format(now)
  if (open) {
    const early = today && Number(hour.format(at)) < usualClose
    return early ? `Open, closes early, ${time.format(at)} New York, in ${left}` : `Open, closes in ${left}`
  }
  const when = `${(today ? time : weekdayAndTime).format(at)} New York`
  return at.getTime() - now < soon ? `Closed, opens ${when}, in ${left}` : `Closed, opens ${when}`
}
