// What the order on the ticket would come to, asked of the server while it is
// filled in.
import { onScopeDispose, ref, watch } from 'vue'
import { api, explain } from '../api'
import { onReconnection } from '../reconnection'
import type { OrderDraft, Preview } from '../types'

const pause = 400 // ms after the last keystroke
const again = 30_000 // ms: prices move, and a minute's limit passes; each answer costs some calls of Alpaca's

/** order is null while there is nothing whole to ask about. What was said of
 * another order, or of another account, is never shown. refresh asks
 * again, after something happened that may change the answer. */
export function usePreview(account: () => string | null, order: () => OrderDraft | null) {
  const preview = ref<Preview | null>(null)
  const asking = ref(false)
  const error = ref('')
  let timer: ReturnType<typeof setTimeout> | undefined
  let aborter: AbortController | undefined

  function stop() {
    clearTimeout(timer)
    aborter?.abort()
    asking.value = false
  }

  function ask(after: number) {
    stop()
    const [id, what] = [account(), order()]
    if (!id || !what) return
    asking.value = after === pause
    timer = setTimeout(async () => {
      if (globalThis.document?.hidden) return ask(again) // nobody looks
      const mine = (aborter = new AbortController())
      try {
        const answer = await api.preview(id, what, mine.signal)
        if (mine.signal.aborted) return
        preview.value = answer
        error.value = ''
      } catch (e) {
        if (mine.signal.aborted) return
        preview.value = null
        error.value = explain(e)
      }
      ask(again)
    }, after)
  }

  watch(
    () => JSON.stringify([account(), order()]),
    () => {
      preview.value = null
      error.value = ''
      ask(pause)
    },
    { immediate: true },
  )
  onReconnection(() => error.value && ask(0))
  onScopeDispose(stop)
  return { preview, asking, error, refresh: () => ask(pause) }
}
