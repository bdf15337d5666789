// Of what an event tells: the topics of notices. Postgres decides it for what is sent elsewhere
// and for the history (app.event_topic); this is the same for events that come live.
import type { LiveEvent } from 'paddock-live'
import type { Topic } from './types'

/** Those that people are told of, in the order in which they choose among them. What else happens
 * to orders, and what agents log, has pages of its own. */
export const topicNames = {
  fills: 'Fills',
  refusals: 'Refusals',
  approvals: 'Approvals',
  switch: 'Switch and wind-downs',
  limits: 'Limits nearly used up',
  credentials: 'API keys',
  stream: 'Updates that do not come',
  positions: 'Positions that differ',
  account: 'Settings',
} as const satisfies Partial<Record<Topic, string>>

export type Told = keyof typeof topicNames
export const toldTopics = Object.keys(topicNames) as Told[]

const fills = ['fill', 'partial_fill', 'trade_bust', 'trade_correct']

/** The topic of an event; null for a day's summary, which is sent elsewhere alone. */
export function topicOf({ kind, data }: Pick<LiveEvent, 'kind' | 'data'>): Topic | null {
  const { event, order } = data as { event?: unknown; order?: { status?: unknown } | null }
  const is = (...events: string[]) => typeof event === 'string' && events.includes(event)
  switch (kind) {
    case 'order': {
      const found = is('reconciled') && ['filled', 'partially_filled'].includes(String(order?.status))
      if (found || is(...fills)) return 'fills'
      if (is('rejected', 'unknown')) return 'refusals'
      return is('overshot', 'unapplied') ? 'positions' : 'orders'
    }
    case 'guard':
      if (is('refused')) return 'refusals'
      return is('switch', 'wind_down') ? 'switch' : 'account'
    case 'job':
      return is('failed') ? 'refusals' : 'orders'
    case 'position':
    case 'journal':
      return 'positions'
    case 'approval':
      return 'approvals'
    case 'credentials':
      return 'credentials'
    case 'stream':
      return 'stream'
    case 'limit':
      return 'limits'
    case 'agent_log':
      return 'agents'
    case 'summary':
      return null
    default:
      return 'account'
  }
}

/** The topic of an event of which people are told; null where they are not. */
export function toldTopic(e: Pick<LiveEvent, 'kind' | 'data'>): Told | null {
  const topic = topicOf(e)
  if (topic === null || !(topic in topicNames)) return null
  const { event } = e.data as { event?: unknown }
  // Of an approval it is told when it begins and how it ends; a test message is for elsewhere.
  if (e.kind === 'approval' && (event === 'word' || event === 'used')) return null
  return event === 'test' ? null : (topic as Told)
}
