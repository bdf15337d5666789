import { ref, watch } from 'vue'
import { api, explain } from '../api'
import { belongs, oldestFirst, refusalQuery, type OrderFilter } from '../orderFilter'
import { asOrder, refusalOf } from '../refusals'
import { useCurrentAccount } from '../stores/currentAccount'
import type { GuardRefusal, Order } from '../types'
import { useAccountEvents } from './useAccountEvents'
import { usePage } from './usePage'

/** What the guards of the account that is shown refused, as orders, while the filter is of what was refused. */
export function useRefusals(filter: () => OrderFilter) {
  const current = useCurrentAccount()
  const error = ref('')
  const known = ref(false)
  const byId = new Map<string, GuardRefusal>()
  let asked = filter()
  const page = usePage<Order, { refusals: GuardRefusal[]; next_cursor: string | null }>({
    read: (before, signal) => api.refusals(current.id!, refusalQuery(asked, before), signal),
    merge: (shown, read) => joined(shown, read.refusals),
    failed: (e) => (error.value = explain(e)),
    newest: () => (known.value = true),
  })

  function joined(shown: Order[], more: GuardRefusal[]): Order[] {
    const fresh = more.filter((r) => !byId.has(r.id))
    for (const r of fresh) byId.set(r.id, r)
    const before = (a: Order, b: Order) => (a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : 0)
    const all = [...shown, ...fresh.map(asOrder)].sort((a, b) => before(b, a))
    return oldestFirst(asked) ? all.reverse() : all
  }

  const isWanted = () => asked.tab === 'refused' && current.id !== null
  async function load(read = page.refresh) {
    error.value = ''
    if (isWanted()) await read()
  }
  function begin() {
    asked = filter()
    byId.clear()
    known.value = false
    page.reset()
    void load()
  }
  watch([() => current.id, () => filter().tab, () => refusalQuery(filter())], begin, { immediate: true, flush: 'sync' })
  useAccountEvents((e) => {
    const refused = e.kind === 'guard' && isWanted() ? refusalOf(e) : null
    if (!refused || !belongs(asOrder(refused), asked)) return
    if (!oldestFirst(asked) || page.nextCursor.value === null) page.items.value = joined(page.items.value, [refused])
  })
  return {
    orders: page.items,
    nextCursor: page.nextCursor,
    loading: page.loading,
    known,
    error,
    find: (id: string) => byId.get(id),
    refresh: () => load(),
    older: () => load(page.older),
  }
}
