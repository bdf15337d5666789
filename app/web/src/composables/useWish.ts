import { inject, watchEffect } from 'vue'
import { routeLocationKey, routerKey } from 'vue-router'

/** Opens what the page's address wants opened, such as #halt, once that is possible, and takes the
 * wish from the address: it is for once. take returns whether it has taken the wish. */
export function useWish(take: (wish: string) => boolean) {
  const route = inject(routeLocationKey, null)
  const router = inject(routerKey, null)
  watchEffect(() => {
    if (!route?.hash || !take(route.hash.slice(1))) return
    void router?.replace({ path: route.path, query: route.query, hash: '' })
  })
}
