// What an account was worth over time, without what was paid in or out. Amounts stay decimals:
// only what is drawn becomes a float.
import Decimal from 'decimal.js'
import type { Activity, PortfolioHistory } from './types'

export const periods = ['1D', '1W', '1M', '3M', '1Y', 'All'] as const
export type PeriodName = (typeof periods)[number]

/** When a period of so much began; null is from the account's first day on. */
export function beginOf(period: PeriodName, now: Date): Date | null {
  const at = new Date(now)
  if (period === '1D') at.setDate(at.getDate() - 1)
  else if (period === '1W') at.setDate(at.getDate() - 7)
  else if (period === '1Y') at.setFullYear(at.getFullYear() - 1)
  else if (period !== 'All') {
    // The 31st of a month that has none is its last day.
    const day = at.getDate()
    at.setDate(1)
    at.setMonth(at.getMonth() - (period === '1M' ? 1 : 3))
    at.setDate(Math.min(day, new Date(at.getFullYear(), at.getMonth() + 1, 0).getDate()))
  }
  return period === 'All' ? null : at
}

export type Step = '5Min' | '1H' | '1D'
const dayLong = 86_400_000 // ms

/** How far apart the points of a history are: of a day five minutes, of a week an hour, and of more a day. */
export function stepOf(begin: Date, now: Date): Step {
  const days = (now.getTime() - begin.getTime()) / dayLong
  return days < 1.5 ? '5Min' : days < 8 ? '1H' : '1D'
}

/** The query of a history. Alpaca tells hours of the night, too, where they are asked for: coins
 * trade then. */
export function historyQuery(begin: Date, step: Step): string {
  const query = new URLSearchParams({ start: begin.toISOString(), timeframe: step })
  if (step !== '1D') {
    query.set('intraday_reporting', 'continuous')
    query.set('pnl_reset', 'no_reset')
  }
  return query.toString()
}

/** Activities that bring money in or take it out, and are neither gain nor loss. */
export const flowTypes = 'CSD,CSW,JNLC,ACATC'

export interface Flow {
  at: number // seconds since 1970
  amount: Decimal // below 0 when it was taken out
}

/** What was paid in and out. An activity of a day without a time is taken for noon in UTC of that day,
 * which is before the day's last figure and after the one before. */
export function flowsOf(activities: Activity[]): Flow[] {
  return activities
    .filter((a) => a.net_amount && (a.date || a.transaction_time))
    .map((a) => {
      const created = (a as { created_at?: string }).created_at
      const at = created ?? (a.date ? `${a.date}T12:00:00Z` : a.transaction_time!)
      return { at: Math.floor(Date.parse(at) / 1000), amount: new Decimal(a.net_amount!) }
    })
    .filter((f) => Number.isFinite(f.at) && !f.amount.isZero())
    .sort((a, b) => a.at - b.at)
}

export interface Point {
  at: number // seconds since 1970
  equity: Decimal
  /** What was paid in or out since the point before. */
  flow: Decimal
  /** What one dollar of the first point became, without what was paid in or out; null where that
   * cannot be told, because there was nothing left. */
  worth: Decimal | null
  /** The highest worth up to here. */
  peak: Decimal
}

export type Curve = Point[]

function next(before: Point, at: number, equity: Decimal, flow: Decimal): Point {
  const worth = before.worth && before.equity.gt(0) ? before.worth.times(equity.minus(flow)).div(before.equity) : null
  return { at, equity, flow, worth, peak: worth ? Decimal.max(before.peak, worth) : before.peak }
}

/** A curve of an account's history. It begins with the first point that has any money: before
 * there was an account, Alpaca tells 0. */
export function curveOf(history: PortfolioHistory, flows: Flow[]): Curve {
  const curve: Curve = []
  let flow = 0 // the first that is not in the curve yet
  history.timestamp.forEach((at, i) => {
    const said = history.equity[i]
    if (said === null || said === undefined || (curve.length && at <= curve.at(-1)!.at)) return
    const equity = new Decimal(said)
    if (!curve.length && equity.isZero()) return
    let paid = new Decimal(0)
    for (; flow < flows.length && flows[flow]!.at <= at; flow++) if (curve.length) paid = paid.plus(flows[flow]!.amount)
    const one = new Decimal(1)
    curve.push(
      curve.length
        ? next(curve.at(-1)!, at, equity, paid)
        : { at, equity, flow: new Decimal(0), worth: one, peak: one },
    )
  })
  return curve
}

/** The curve up to now: its last point is what the account is worth at this moment. */
export function upToNow(curve: Curve, equity: string | null, now: number, flows: Flow[]): Curve {
  const last = curve.at(-1)
  if (!last || equity === null) return curve
  const before = last.at < now ? last : curve.at(-2)
  if (!before) return curve
  const kept = last.at < now ? curve : curve.slice(0, -1)
  const paid = flows.reduce((all, f) => (f.at > before.at ? all.plus(f.amount) : all), new Decimal(0))
  return [...kept, next(before, Math.max(now, last.at), new Decimal(equity), paid)]
}

/** By how much a point is below the highest before, in per cent: 0 or less. */
export const drawdown = (p: Point) => (p.worth ? p.worth.div(p.peak).minus(1).times(100) : null)

export interface Summary {
  from: number
  to: number
  first: string
  last: string
  change: string
  /** Per cent of the first point, or time-weighted where something was paid in or out; null where it cannot be told. */
  percent: string | null
  paidIn: string
  paidOut: string
  /** The deepest fall from a height, in per cent, and when. */
  deepest: { percent: string; at: number } | null
}

/** What a curve comes to; null where it has less than two points. */
export function summaryOf(curve: Curve): Summary | null {
  const [first, last] = [curve[0], curve.at(-1)]
  if (!first || !last || curve.length < 2) return null
  const sum = (of: (flow: Decimal) => boolean) =>
    curve.reduce((all, p) => (of(p.flow) ? all.plus(p.flow) : all), new Decimal(0))
  const [paidIn, paidOut] = [sum((f) => f.gt(0)), sum((f) => f.lt(0))]
  let deepest: Summary['deepest'] = null
  let least = new Decimal(0)
  for (const p of curve) {
    const fall = drawdown(p)?.toDecimalPlaces(2) // what is shown as 0 is no fall
    if (fall?.lt(least)) [least, deepest] = [fall, { percent: fall.toFixed(), at: p.at }]
  }
  return {
    from: first.at,
    to: last.at,
    first: first.equity.toFixed(),
    last: last.equity.toFixed(),
    change: last.equity.minus(first.equity).minus(paidIn).minus(paidOut).toFixed(),
    percent: last.worth ? last.worth.minus(1).times(100).toFixed(4) : null,
    paidIn: paidIn.toFixed(),
    paidOut: paidOut.neg().toFixed(),
    deepest,
  }
}
