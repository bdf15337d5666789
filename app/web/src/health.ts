// How an account's trade updates are read, in words.
import type { StreamMode, SyncReport } from './types'

export const streamModes: { mode: StreamMode; what: string }[] = [
  { mode: 'auto', what: 'Automatic: events, or else the WebSocket' },
  { mode: 'sse', what: 'Server-sent events' },
  { mode: 'ws', what: 'WebSocket: it displaces another program’s with these keys' },
  { mode: 'off', what: 'None: Alpaca is asked every few minutes' },
]

/** What a reconciliation found, in a sentence. */
export function foundBySync(r: SyncReport): string {
  const checked = `${r.orders.checked} orders and ${r.positions.checked} positions were compared with Alpaca`
  const changes = [...r.orders.changed, ...r.positions.changed]
  if (!changes.length) return `${checked}: nothing differed.`
  const first = changes
    .slice(0, 5)
    .map((c) => `${c.symbol ?? 'an order'} ${c.field.replaceAll('_', ' ')} ${c.from ?? 'unknown'} → ${c.to ?? 'none'}`)
  const more = changes.length > 5 ? ` and ${changes.length - 5} more` : ''
  return `${checked}. Mended: ${first.join(', ')}${more}.`
}
