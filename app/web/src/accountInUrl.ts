import { watch } from 'vue'
import type { RouteLocationNormalized, Router } from 'vue-router'
import { useAccounts } from './stores/accounts'

/** The account that an address names, or null. */
export function accountOf(to: Pick<RouteLocationNormalized, 'query'>): string | null {
  const named = to.query.account
  return typeof named === 'string' && named ? named : null
}

/** Keeps the account in the address of each page: a reload, a bookmark and the back button show
 * the account that the tab showed, whatever another tab has chosen since. The address decides:
 * an account that it names and that is not among the user's is told, and no other shown. */
export function keepAccountInUrl(router: Router) {
  const accounts = useAccounts()
  const shown = () => accounts.selectedId ?? accounts.strange

  router.beforeEach((to) => {
    const account = shown()
    if (to.meta.apart || accountOf(to) || !account) return
    return { path: to.path, query: { ...to.query, account }, hash: to.hash }
  })
  router.afterEach((to, _, failure) => {
    if (!failure && !to.meta.apart) accounts.follow(accountOf(to))
  })
  watch(
    () => accounts.selectedId,
    (account) => {
      const { value: route } = router.currentRoute
      const named = accountOf(route)
      if (!account || named === account || route.meta.apart || !route.matched.length) return
      const to = { path: route.path, query: { ...route.query, account }, hash: route.hash }
      // A choice can be gone back on; what was chosen when the page began is no place of its own.
      void (named ? router.push(to) : router.replace(to))
    },
    { flush: 'sync' },
  )
}

/** Forgets the account of who has left, for whoever comes next. */
export async function forgetAccountInUrl(router: Router) {
  const { path, query, hash } = router.currentRoute.value
  await router.replace({ path, query: { ...query, account: undefined }, hash })
}
