import { getCurrentScope, onScopeDispose, ref, shallowRef } from 'vue'

/** A page of a list as the API gives it. The cursor is null where nothing is older. */
interface Page {
  next_cursor: string | null
}

interface Options<T, P extends Page> {
  /** Reads the page before a cursor; null stands for the newest page. */
  read: (before: string | null, signal: AbortSignal) => Promise<P>
  /** Returns what is shown together with a page. complete says that this page is all there is. */
  merge: (shown: T[], page: P, complete: boolean) => T[]
  failed: (e: unknown) => void
  /** Takes what else the newest page says. */
  newest?: (page: P) => void
}

/** A list that is shown page by page, the newest first. */
export function usePage<T, P extends Page>({ read, merge, failed, newest: onNewest }: Options<T, P>) {
  const items = shallowRef<T[]>([])
  const nextCursor = ref<string | null>(null)
  const loading = ref(false)
  let begun = false
  let newest: AbortController | undefined
  let next: AbortController | undefined

  async function load(before: string | null, { signal }: AbortController) {
    loading.value = true
    try {
      const page = await read(before, signal)
      if (signal.aborted) return
      const complete = before === null && page.next_cursor === null
      // The newest page again leaves the older ones that are shown, and the cursor behind them.
      if (before !== null || complete || !begun) nextCursor.value = page.next_cursor
      begun = true
      if (before === null) onNewest?.(page)
      items.value = merge(items.value, page, complete)
    } catch (e) {
      if (!signal.aborted) failed(e)
    }
  }

  /** Reads the newest page. A reading of it that is under way is given up. */
  async function refresh() {
    newest?.abort()
    const reading = (newest = new AbortController())
    await load(null, reading)
    if (newest === reading) newest = undefined
    loading.value = Boolean(newest || next)
  }

  /** Reads the page after those that are shown, if there is one. */
  async function older() {
    if (nextCursor.value === null || next) return
    const reading = (next = new AbortController())
    await load(nextCursor.value, reading)
    if (next === reading) next = undefined
    loading.value = Boolean(newest || next)
  }

  /** Gives up what is under way. Its answer never lands. */
  function stop() {
    newest?.abort()
    next?.abort()
    newest = next = undefined
    loading.value = false
  }

  /** Forgets the list. */
  function reset() {
    stop()
    begun = false
    items.value = []
    nextCursor.value = null
  }

  if (getCurrentScope()) onScopeDispose(stop)
  return { items, nextCursor, loading, refresh, older, reset }
}

/** Reads page after page, as long as more says of the last one that the next is wanted. */
export async function readPages<P extends Page>(
  read: (before: string | null) => Promise<P>,
  more: (page: P) => boolean,
): Promise<P[]> {
  const pages: P[] = []
  let page: P | undefined
  do {
    page = await read(page?.next_cursor ?? null)
    pages.push(page)
  } while (page.next_cursor !== null && more(page))
  return pages
}
