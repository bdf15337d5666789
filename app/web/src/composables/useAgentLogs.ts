import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { agentsApi } from '../agents/api'
import { mostLines, ofEvent, ofList, withMore, type LogLine } from '../agents/logLines'
import { reaches } from '../agents/words'
import { useCurrentAccount } from '../stores/currentAccount'
import { throttle } from '../throttle'
import type { Level } from '../types'
import { useAccountEvents } from './useAccountEvents'
import { useAccountReading } from './useAccountReading'

const page = 200 // lines of a reading

/** What an API token says on the account that is shown, as it comes. While it is paused, what comes waits. */
export function useAgentLogs(token: () => string) {
  const current = useCurrentAccount()
  const level = ref<Level>('debug') // and above
  const paused = ref(false)
  const lines = shallowRef<LogLine[]>([])
  const held = shallowRef<LogLine[]>([])
  const cursor = ref<string | null>(null)
  const full = computed(() => lines.value.length >= mostLines)
  let begun = false
  let readingOlder: AbortController | undefined

  function clear() {
    readingOlder?.abort()
    readingOlder = undefined
    lines.value = held.value = []
    cursor.value = null
    begun = false
  }
  watch([() => current.id, token, level], clear, { flush: 'sync' })
  onScopeDispose(clear)

  const query = (): Record<string, string> => ({ token_id: token(), min_level: level.value, limit: String(page) })
  const { value, error, read } = useAccountReading(
    (account, signal) => agentsApi.logs(account, query(), signal),
    () => [token(), level.value].join(),
  )
  watch(
    value,
    (newest) => {
      if (!newest) return
      // What is read again leaves the older ones, and the cursor behind them.
      if (!begun) cursor.value = newest.next_cursor
      begun = true
      take(newest.agent_logs.map(ofList))
    },
    { flush: 'sync' },
  )

  function take(more: LogLine[]) {
    const into = paused.value && lines.value.length ? held : lines
    into.value = withMore(into.value, more)
    if (full.value) cursor.value = null // what is older was dropped
  }

  const readSoon = throttle(read, 300)
  useAccountEvents((e) => {
    if (e.kind !== 'agent_log' || e.data.token_id !== token()) return
    take(ofEvent(e.data).filter((l) => reaches(l.level, level.value)))
    if (e.data.count > e.data.logs.length) readSoon() // an event has the last twenty alone
  })
  onScopeDispose(readSoon.cancel)

  watch(paused, (now) => {
    if (now) return
    const waited = held.value
    held.value = []
    take(waited)
  })

  /** Reads the page behind the lines that are shown. */
  async function readOlder() {
    if (!current.id || !cursor.value || readingOlder) return
    const mine = (readingOlder = new AbortController())
    try {
      const older = await agentsApi.logs(current.id, { ...query(), before: cursor.value }, mine.signal)
      if (mine.signal.aborted) return
      lines.value = withMore(lines.value, older.agent_logs.map(ofList))
      cursor.value = full.value ? null : older.next_cursor
    } catch (e) {
      if (!mine.signal.aborted) error.value = e
    }
    if (readingOlder === mine) readingOlder = undefined
  }

  /** Reads a line whole, of which an event had the beginning. */
  async function complete(line: LogLine): Promise<LogLine> {
    if (line.whole || !current.id) return line
    const until = new Date(new Date(line.at).getTime() + 1).toISOString()
    const { agent_logs } = await agentsApi.logs(current.id, { token_id: token(), since: line.at, until, limit: '500' })
    const found = agent_logs.find((l) => l.id === line.id)
    if (!found) return line
    const whole = ofList(found)
    if (lines.value.some((l) => l.id === line.id)) lines.value = withMore(lines.value, [whole])
    return whole
  }

  return { lines, held, level, paused, full, cursor, error, value, read, readOlder, complete }
}
