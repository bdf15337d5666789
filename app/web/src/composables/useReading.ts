import { onScopeDispose, ref, shallowRef, watch } from 'vue'
import { explain } from '../api'
import { useCurrentAccount } from '../stores/currentAccount'

/** Something that is read of the account that is shown. When another account is shown, or begin says that
 * something else is asked for, what there was is forgotten, and its answers that are on their way never land. */
export function useReading<T>(ask: (account: string, signal: AbortSignal) => Promise<T>) {
  const current = useCurrentAccount()
  const data = shallowRef<T | null>(null)
  const error = ref('')
  const loading = ref(false)
  let reading: AbortController | undefined

  /** Reads it again, and keeps what there is meanwhile. */
  async function read() {
    reading?.abort()
    if (!current.id) return
    const mine = (reading = new AbortController())
    loading.value = true
    try {
      const answer = await ask(current.id, mine.signal)
      if (mine.signal.aborted) return
      data.value = answer
      error.value = ''
    } catch (e) {
      if (!mine.signal.aborted) error.value = explain(e)
    } finally {
      if (reading === mine) loading.value = false
    }
  }

  /** Forgets what there is, and reads what is asked for now. */
  function begin() {
    reading?.abort()
    data.value = null
    error.value = ''
    loading.value = false
    void read()
  }

  // At once: until then another account's would be shown under this one's name.
  watch(() => current.id, begin, { immediate: true, flush: 'sync' })
  onScopeDispose(() => reading?.abort())
  return { data, error, loading, read, begin }
}
