import { onScopeDispose, watch } from 'vue'
import { useQuotes } from '../stores/quotes'

/** Has symbols watched, until its component is gone. */
export function useWatched(symbols: () => string[]) {
  const quotes = useQuotes()
  const mine = {}
  watch(
    () => symbols().join(' '),
    () => quotes.want(mine, symbols()),
    { immediate: true },
  )
  onScopeDispose(() => quotes.want(mine, []))
}
