// Candles. They are drawn and nothing else: the one place of the console where prices are floats.
import { isIntraday, type Timeframe } from './timeframes'

export interface Bar {
  at: number // ms
  open: number
  high: number
  low: number
  close: number
  volume: number
}

/** A candle as Alpaca writes it. */
export interface ToldBar {
  t: string
  o: number
  h: number
  l: number
  c: number
  v: number
}

/** Candles in the order of time, each time once, from what was read the newest first. */
export function readBars(told: ToldBar[]): Bar[] {
  return told
    .map((b) => ({ at: Date.parse(b.t), open: b.o, high: b.h, low: b.l, close: b.c, volume: b.v }))
    .sort((a, b) => a.at - b.at)
    .filter((b, n, all) => b.at !== all[n + 1]?.at)
}

/** When the candle begins that a time is in, where the last one that is known begins at another. */
function startOf(at: number, last: number, frame: Timeframe): number {
  if (isIntraday(frame)) return at - (at % frame.ms)
  if (frame.id === '1Month') {
    const [now, before] = [new Date(at), new Date(last)]
    const months = (now.getUTCFullYear() - before.getUTCFullYear()) * 12 + now.getUTCMonth() - before.getUTCMonth()
    return months < 1 ? last : before.setUTCMonth(before.getUTCMonth() + months)
  }
  // Days and weeks go on from the last one: they begin at midnight of the market's own time zone.
  return at < last ? last : last + Math.floor((at - last) / frame.ms) * frame.ms
}

/** The candles with a price in them that was traded at a time: the last one moves, or a new one
 * begins. What is older than the last one is in it already. */
export function moved(bars: Bar[], frame: Timeframe, price: number, at: number): Bar[] {
  const last = bars.at(-1)
  if (!last || at < last.at) return bars
  const start = startOf(at, last.at, frame)
  if (start > last.at) return [...bars, { at: start, open: price, high: price, low: price, close: price, volume: 0 }]
  if (price === last.close) return bars
  const now = { ...last, high: Math.max(last.high, price), low: Math.min(last.low, price), close: price }
  return [...bars.slice(0, -1), now]
}

/** What was read, with the candles after it that quotes have made: an account without live data of all
 * exchanges reads candles that end a quarter of an hour ago. */
export const withNewer = (read: Bar[], shown: Bar[]) => [
  ...read,
  ...shown.filter((b) => b.at > (read.at(-1)?.at ?? Infinity)),
]
