import { onScopeDispose, ref } from 'vue'

/** Whether the window is a telephone's: the pages' links stand at its foot, then. */
export function useNarrow() {
  const query = matchMedia('(max-width: 640px)')
  const narrow = ref(query.matches)
  const look = () => (narrow.value = query.matches)
  query.addEventListener('change', look)
  onScopeDispose(() => query.removeEventListener('change', look))
  return narrow
}
