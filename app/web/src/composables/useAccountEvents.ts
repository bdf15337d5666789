import type { LiveEvent } from 'paddock-live'
import { onScopeDispose } from 'vue'
import { useCurrentAccount } from '../stores/currentAccount'

/** Hands each event of the account that is shown on, until its component is gone. */
export function useAccountEvents(listener: (e: LiveEvent) => void) {
  onScopeDispose(useCurrentAccount().listen(listener))
}
