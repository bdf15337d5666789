import { onScopeDispose, ref, watch } from 'vue'
import { ApiError, waitWords } from '../api'

/** How long is left until something that was refused as too much may be tried again, in words; '' where
 * nothing has to be waited for. Once it is over, the error is taken back. */
export function useCountdown(error: { value: unknown }) {
  const left = ref('')
  let timer: ReturnType<typeof setInterval> | undefined
  const stop = () => {
    clearInterval(timer)
    left.value = ''
  }
  watch(
    () => error.value,
    (e) => {
      stop()
      if (!(e instanceof ApiError) || e.status !== 429 || !e.retryAfter) return
      const until = Date.now() + e.retryAfter * 1000
      const tick = () => {
        const seconds = Math.ceil((until - Date.now()) / 1000)
        if (seconds > 0) return void (left.value = waitWords(seconds))
        stop()
        error.value = null
      }
      tick()
      timer = setInterval(tick, 1000)
    },
  )
  onScopeDispose(stop)
  return left
}
