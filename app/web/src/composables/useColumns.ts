import { computed, ref } from 'vue'
import { auth } from '../auth'

interface Column {
  id: string
  /** It is always shown. */
  fixed?: boolean
  /** It is not shown at first. */
  extra?: boolean
}

/** What was kept under a key, or nothing where that is no such thing. */
function kept(key: string): Record<string, boolean> {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key) ?? '{}')
    return Object.fromEntries(Object.entries(found ?? {}).filter(([, on]) => typeof on === 'boolean'))
  } catch {
    return {}
  }
}

/** Which columns of a table a user wants to see, kept in the browser for them alone. */
export function useColumns(table: string, columns: () => readonly Column[]) {
  const key = `paddock.columns.${table}.${auth.useSession().value.data?.user.id ?? ''}`
  // Only what differs from how it is at first: a column that comes later is shown as it is meant.
  const differs = ref(kept(key))
  const shown = computed<Record<string, boolean>>(() =>
    Object.fromEntries(columns().map((c) => [c.id, Boolean(c.fixed || (differs.value[c.id] ?? !c.extra))])),
  )
  function keep(next: Record<string, boolean>) {
    differs.value = next
    try {
      localStorage.setItem(key, JSON.stringify(next))
    } catch {
      // A browser that keeps nothing shows them as long as the page is there.
    }
  }
  function turn(c: Column, on: boolean) {
    const next = { ...differs.value, [c.id]: on }
    if (on === !c.extra) delete next[c.id]
    keep(next)
  }
  return { shown, turn, reset: () => keep({}) }
}
