import { watch } from 'vue'
import { useLive } from '../stores/live'

/** Runs something each time the server is reached again after a break: what a page shows may be
 * old by then, and its error is over. */
export function useReconnection(run: () => unknown) {
  const live = useLive()
  watch(
    () => live.reconnections,
    () => void run(),
  )
}
