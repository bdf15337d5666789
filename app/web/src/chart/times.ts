// Times on the axis, and which candles are outside of regular hours.
import type { Bar } from './bars'
import { isIntraday, type Timeframe } from './timeframes'

export const newYork = 'America/New_York'
const hour = 3600_000

const zones = new Map<string, { format: Intl.DateTimeFormat; known: Map<number, number> }>()

/** By how much a zone's clocks are ahead of UTC at a time, in ms. */
export function offsetOf(zone: string, at: number): number {
  let of = zones.get(zone)
  if (!of) {
    const parts = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const
    const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', ...parts })
    zones.set(zone, (of = { format, known: new Map() }))
  }
  const start = at - (at % hour) // clocks are changed on the hour
  let offset = of.known.get(start)
  if (offset === undefined) {
    const part = Object.fromEntries(of.format.formatToParts(start).map((p) => [p.type, Number(p.value)]))
    offset = Date.UTC(part.year!, part.month! - 1, part.day, part.hour, part.minute) - start
    of.known.set(start, offset)
  }
  return offset
}

/** Where candles stand on the axis, in seconds: at the zone's own time, which the library takes for UTC. In the
 * hour that comes twice when clocks go back each stands right after the one before. Days and longer ones stand at their date. */
export function axisTimes(bars: Bar[], frame: Timeframe, zone: string): number[] {
  let before = -Infinity
  return bars.map(({ at }) => {
    const time = isIntraday(frame) ? (at + offsetOf(zone, at)) / 1000 : (at - (at % 86_400_000)) / 1000
    return (before = Math.max(time, before + 1))
  })
}

/** The regular hours of trading days, by date: minutes of the day in New York. */
export type Hours = Map<string, { open: number; close: number }>

const minutes = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5))
export const readHours = (days: { date: string; open: string; close: string }[]): Hours =>
  new Map(days.map((d) => [d.date, { open: minutes(d.open), close: minutes(d.close) }]))

const usual = { open: 570, close: 960 }

/** Whether no part of a candle of shares is within regular hours. Where the calendar is not known, each
 * day from Monday to Friday has the usual ones. */
export function isOutside(at: number, frame: Timeframe, hours: Hours | null): boolean {
  const local = new Date(at + offsetOf(newYork, at))
  const weekday = local.getUTCDay()
  const day = hours ? hours.get(local.toISOString().slice(0, 10)) : weekday % 6 ? usual : undefined
  if (!day) return true
  const from = local.getUTCHours() * 60 + local.getUTCMinutes()
  return from + frame.ms / 60_000 <= day.open || from >= day.close
}

/** The first and the last of candles that stand together. */
export type Run = [from: number, to: number]

/** Which candles are outside of regular hours, as runs. */
export function outsideRuns(bars: Bar[], frame: Timeframe, hours: Hours | null): Run[] {
  const runs: Run[] = []
  bars.forEach(({ at }, n) => {
    if (!isOutside(at, frame, hours)) return
    const last = runs.at(-1)
    if (last?.[1] === n - 1) last[1] = n
    else runs.push([n, n])
  })
  return runs
}
