// How long a candle is.

const minute = 60_000
const day = 86_400_000

export const timeframes = [
  { id: '1Min', name: '1m', words: '1 minute', ms: minute, days: 4 },
  { id: '5Min', name: '5m', words: '5 minutes', ms: 5 * minute, days: 14 },
  { id: '15Min', name: '15m', words: '15 minutes', ms: 15 * minute, days: 40 },
  { id: '1Hour', name: '1h', words: '1 hour', ms: 60 * minute, days: 120 },
  { id: '1Day', name: '1D', words: '1 day', ms: day, days: 730 },
  { id: '1Week', name: '1W', words: '1 week', ms: 7 * day, days: 1500 },
  { id: '1Month', name: '1M', words: '1 month', ms: 31 * day, days: 3650 },
] as const

/** ms is of the longest candle, days is how far back they are read. */
export type Timeframe = (typeof timeframes)[number]

/** Whether candles are parts of a day, so that sessions and times of day are told apart. */
export const isIntraday = (frame: Timeframe) => frame.ms < day
