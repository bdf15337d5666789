// What is sent elsewhere, in words.
import type { EventKind, SentNotice, Webhook } from './noticesApi'
import { longMoment } from './time'
import { topicNames } from './topics'
import type { Topic } from './types'

/** The topics of what is sent elsewhere: those that people are told of here, and two more. */
export const sentTopics: Record<Topic, string> = {
  ...topicNames,
  orders: 'All else about orders',
  agents: 'What agents log',
}

/** Those that most people want to know. */
export const usualTopics: Topic[] = ['fills', 'refusals', 'approvals', 'credentials', 'stream', 'limits', 'switch']

export const kindNames: Record<EventKind, string> = {
  order: 'Orders and fills',
  position: 'Positions',
  guard: 'Guards and the switch',
  job: 'Orders that are sent later',
  approval: 'Approvals',
  credentials: 'API keys',
  account: 'The account',
  limit: 'Limits nearly used up',
  stream: 'Updates that do not come',
  journal: 'The journal',
  history: 'Imported history',
  agent_log: 'Agents’ logs',
  summary: 'Daily summaries',
  webhook: 'Webhooks',
  notice: 'Notices',
}

/** How a notice is sent, and where. */
export function howWords(n: Pick<SentNotice, 'type' | 'chat_id' | 'discord_id'>): string {
  if (n.type === 'telegram') return `Telegram, chat ${n.chat_id}`
  if (n.type === 'discord') return `Discord, webhook ${n.discord_id}`
  return 'Mail to your own address'
}

export function topicWords(n: SentNotice): string {
  return [
    n.topics.map((topic) => sentTopics[topic].toLowerCase()).join(', '),
    n.quiet_hours && `quiet from ${n.quiet_hours.from} until ${n.quiet_hours.until} (${n.time_zone})`,
    n.summary_at && `a summary each day at ${n.summary_at}`,
  ]
    .filter(Boolean)
    .join(' · ')
}

export type Lasting = Pick<
  SentNotice & Webhook,
  'state' | 'off_reason' | 'delivered_at' | 'last_error' | 'failing_since' | 'next_try_at'
>

/** What became of the last message. */
export function lastWords(d: Lasting): string {
  if (d.off_reason === 'failing')
    return `Switched off: nothing was taken for three days. ${sentence(d.last_error)}`.trim()
  if (d.off_reason === 'no_access') return 'Switched off: who made it is no owner any more.'
  if (d.last_error) {
    const again = d.state === 'on' && d.next_try_at ? ` Tried again at ${longMoment(d.next_try_at)}.` : ''
    return `Not taken: ${sentence(d.last_error)}${again}`
  }
  return d.delivered_at ? `Taken last on ${longMoment(d.delivered_at)}.` : 'Nothing was sent yet.'
}
const sentence = (text: string | null) => (text ? `${text}.` : '')
