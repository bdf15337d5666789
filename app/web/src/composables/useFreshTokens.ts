import { useNow } from '@vueuse/core'
import { onScopeDispose } from 'vue'
import { useTokens } from '../stores/tokens'
import { throttle } from '../throttle'
import { useAccountEvents } from './useAccountEvents'
import { usePolling } from './usePolling'

/** Keeps the tokens fresh while a component shows them, and returns the time by which their ages are
 * told. No event tells of a token, but those of what one did use its limits up. */
export function useFreshTokens() {
  const tokens = useTokens()
  usePolling(tokens.refresh, 10_000)
  const soon = throttle(tokens.refresh, 300, 2000)
  useAccountEvents((e) => {
    if (e.kind === 'order' || e.kind === 'guard' || e.kind === 'agent_log') soon()
  })
  onScopeDispose(soon.cancel)
  return useNow({ interval: 1000 })
}
