// Lines of agents' logs as a page keeps them: the newest first, and no more than so many.
import type { AgentLogEvent } from 'paddock-live'
import type { AgentLog, Level } from '../types'

/** As many are kept in a page; older ones are read again where somebody wants them. */
export const mostLines = 3000

export interface LogLine {
  id: string
  at: string
  agent: string | null
  order: string | null
  level: Level
  message: string
  /** Whether the message is whole, and data known: an event has the beginning alone. */
  whole: boolean
  data: AgentLog['data']
}

export const ofList = (l: AgentLog): LogLine => ({
  id: l.id,
  at: l.at,
  agent: l.orchestrator_agent_id,
  order: l.order_id,
  level: l.level,
  message: l.message,
  whole: true,
  data: l.data,
})

export const ofEvent = (e: AgentLogEvent['data']): LogLine[] =>
  e.logs.map((l) => ({
    id: l.id,
    at: l.at,
    agent: l.orchestrator_agent_id,
    order: l.order_id,
    level: l.level,
    message: l.message,
    whole: false,
    data: null,
  }))

/** Lines together with more of them, each once, the newest first; the oldest that are too many are dropped. */
export function withMore(lines: LogLine[], more: LogLine[], most = mostLines): LogLine[] {
  const all = new Map(lines.map((l) => [l.id, l]))
  for (const l of more) if (l.whole || !all.get(l.id)?.whole) all.set(l.id, l)
  return [...all.values()]
    .sort((a, b) => (a.at === b.at ? (a.id < b.id ? 1 : -1) : a.at < b.at ? 1 : -1))
    .slice(0, most)
}
