import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { useAccounts } from '../stores/accounts'
import type { Query } from '../urlFilter'

/** The filter of a page, which stands in its address: a reload, a bookmark and the back button keep
 * it, and it stays as another account is chosen. */
export function useUrlFilter<F extends object>(read: (q: Query) => F, write: (f: F) => Record<string, string>) {
  const route = useRoute()
  const router = useRouter()
  const accounts = useAccounts()
  const own = route.path
  let last = read(route.query)
  const filter = computed<F>(() => {
    if (route.path !== own) return last // another page is on its way: its address says nothing of this one
    const now = read(route.query)
    // As long as the address says the same it is the same filter, whose list needs not be read again.
    if (JSON.stringify(now) !== JSON.stringify(last)) last = now
    return last
  })

  /** Changes some of it. What is a place to come back to can be gone back on. */
  function set(change: Partial<F>, { place = true } = {}) {
    if (route.path !== own) return
    const next = { ...filter.value, ...change }
    if (JSON.stringify(next) === JSON.stringify(filter.value)) return
    // The account that is selected: the address may still be on its way to it.
    const query = { account: accounts.selectedId ?? undefined, ...write(next) }
    void (place ? router.push({ path: own, query }) : router.replace({ path: own, query }))
  }
  return { filter, set }
}
