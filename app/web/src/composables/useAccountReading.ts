import { onScopeDispose, shallowRef, watch } from 'vue'
import { onReconnection } from '../reconnection'
import { useCurrentAccount } from '../stores/currentAccount'

/** Something of the account that is shown, which a page reads for itself. With each change of account, and
 * of what on names, it is forgotten and read again, and answers that come late are dropped. A reading that
 * is asked for while one is under way begins when that is over. */
export function useAccountReading<T>(
  ask: (account: string, signal: AbortSignal) => Promise<T>,
  on: () => unknown = () => null,
) {
  const current = useCurrentAccount()
  const value = shallowRef<T | null>(null)
  const error = shallowRef<unknown>(null)
  let reading: AbortController | undefined
  let again = false

  async function read(): Promise<void> {
    if (!current.id) return
    if (reading) {
      again = true
      return
    }
    const mine = (reading = new AbortController())
    try {
      const answer = await ask(current.id, mine.signal)
      if (mine.signal.aborted) return
      value.value = answer
      error.value = null
    } catch (e) {
      if (!mine.signal.aborted) error.value = e
    }
    if (reading !== mine) return
    reading = undefined
    if (again) {
      again = false
      await read()
    }
  }

  function stop() {
    reading?.abort()
    reading = undefined
    again = false
  }

  watch(
    [() => current.id, on],
    () => {
      stop()
      value.value = null
      error.value = null
      void read()
    },
    { immediate: true, flush: 'sync' },
  )
  onReconnection(read)
  onScopeDispose(stop)
  return { value, error, read }
}
