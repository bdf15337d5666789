// What the server keeps of notices: the history of accounts, how far it was read, and where it is
// sent elsewhere.
import type { LiveEvent } from 'paddock-live'
import { call } from './api'
import type { components } from './api.gen'
import { toldTopics } from './topics'
import type { Topic } from './types'

type Schemas = components['schemas']
export type SentNotice = Schemas['Notice']
export type Webhook = Schemas['Webhook']
export type EventKind = Schemas['EventKind']
type What = 'notices' | 'webhooks'

/** What can be set of a notice: all of it each time. */
export interface SentWishes {
  topics: Topic[]
  time_zone: string
  quiet_hours: SentNotice['quiet_hours']
  urgent: boolean
  summary_at?: string
}
export type NewNotice = SentWishes &
  (
    | { type: 'email' }
    | { type: 'telegram'; bot_token: string; chat_id: string }
    | { type: 'discord'; discord_url: string }
  )

/** A page of what happened on an account, the newest first. */
export interface Past {
  events: LiveEvent[]
  next_cursor: string | null
  head: number
  read_cursor: number | null
}

type PastAnswer = Omit<Past, 'events'> & { events: Omit<LiveEvent, 'type' | 'account_id'>[] }

export const noticesApi = {
  past: (account: string, before: string | null) =>
    call<PastAnswer>(
      'GET',
      `/api/events/history?${new URLSearchParams({ topics: toldTopics.join(), ...(before && { before }) })}`,
      { account },
    ).then((page): Past => ({
      ...page,
      events: page.events.map((e) => ({ type: 'event', account_id: account, ...e }) as LiveEvent),
    })),
  sent: (account: string, signal?: AbortSignal) =>
    call<{ notices: SentNotice[] }>('GET', '/api/notices', { account, signal }).then((r) => r.notices),
  send: (account: string, notice: NewNotice) => call<SentNotice>('POST', '/api/notices', { account, body: notice }),
  set: (account: string, id: string, wishes: SentWishes) =>
    call<SentNotice>('PUT', `/api/notices/${id}`, { account, body: wishes }),
  webhooks: (account: string, signal?: AbortSignal) =>
    call<{ webhooks: Webhook[] }>('GET', '/api/webhooks', { account, signal }).then((r) => r.webhooks),
  makeWebhook: (account: string, hook: { url: string; kinds?: Webhook['kinds'] }) =>
    call<Webhook>('POST', '/api/webhooks', { account, body: hook }),
  turn: (account: string, what: What, id: string, enabled: boolean) =>
    call<SentNotice | Webhook>('PATCH', `/api/${what}/${id}`, { account, body: { enabled } }),
  test: (account: string, what: What, id: string) =>
    call<SentNotice | Webhook>('POST', `/api/${what}/${id}/test`, { account }),
  remove: (account: string, what: What, id: string) => call<void>('DELETE', `/api/${what}/${id}`, { account }),
  markRead: (account: string, cursor: number) =>
    call<{ read_cursor: number }>('PUT', '/api/events/read', { account, body: { cursor } }),
}
