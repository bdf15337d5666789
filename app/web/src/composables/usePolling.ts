import { onScopeDispose } from 'vue'

/** Runs something every so many milliseconds while the page is visible, until
 * its component is gone. With immediate it runs once at the beginning, too. */
export function usePolling(run: () => unknown, ms: number, { immediate = false } = {}) {
  if (immediate) void run()
  const timer = setInterval(() => {
    if (!document.hidden) void run()
  }, ms)
  onScopeDispose(() => clearInterval(timer))
}
