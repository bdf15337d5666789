import { useDocumentVisibility } from '@vueuse/core'
import { onScopeDispose, watch } from 'vue'
import { onReconnection } from '../reconnection'

/** Runs something every so many milliseconds while the page is visible, until its component is
 * gone; at once, too, where the page is seen again after a while, and where the server is reached
 * again. With immediate it runs once at the beginning, too. */
export function usePolling(run: () => unknown, ms: number, { immediate = false } = {}) {
  let last = Date.now()
  const go = () => {
    last = Date.now()
    void run()
  }
  if (immediate) go()
  const timer = setInterval(() => !document.hidden && go(), ms)
  const visibility = useDocumentVisibility()
  watch(visibility, (now) => {
    if (now === 'visible' && Date.now() - last >= ms) go()
  })
  onReconnection(() => !document.hidden && go())
  onScopeDispose(() => clearInterval(timer))
}
