// What became of copies, in words.
import type { Copy, Copying } from '../types'

const skipped: Record<string, string> = {
  too_small: 'rounded down, its part is none',
  nothing_to_close: 'there is nothing to close here',
  nothing_open: 'there is no open copy of it',
  not_permitted: 'the account is paused, or its user may not trade on it any more',
  ended: 'it was ended before',
  too_many: 'too many orders wait on this account',
  class_unknown: 'what kind of order the leader’s is, is not known',
}

const failed: Record<string, string> = {
  guard_refused: 'a guard refused it',
  approval_refused: 'a person refused it',
  approval_expired: 'nobody approved it in time',
  order_rejected: 'Alpaca refused it',
  needs_credentials: 'the account has no working API keys',
  unauthenticated: 'its API token had ended',
}

/** What became of a copy, and why there is none. */
export function copyWords(c: Copy): string {
  const reason = c.reason ?? ''
  switch (c.state) {
    case 'waiting':
    case 'asked':
      return 'on its way'
    case 'canceled':
      return 'canceled before it was sent'
    case 'skipped':
      return `not made: ${skipped[reason] ?? reason.replaceAll('_', ' ')}`
    case 'failed':
      return `not sent: ${failed[reason] ?? reason.replaceAll('_', ' ')}`
    case 'done':
      return [c.order_status?.replaceAll('_', ' ') ?? 'done', c.lag_ms === null ? '' : `${c.lag_ms} ms after`]
        .filter(Boolean)
        .join(', ')
  }
}

/** Who ended a follow. */
export const endedBy = (f: Copying['follows'][number]) =>
  ({ follower: 'ended here', leader: 'ended by the leader', token: 'its API token ended' })[f.ended_by ?? 'follower']
