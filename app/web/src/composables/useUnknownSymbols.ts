import { onScopeDispose, ref, watch } from 'vue'
import { api, ApiError } from '../api'

const pause = 600 // ms after the last keystroke
const most = 10 // that are asked about at a time: each is one of the account's requests to Alpaca

/** Which of some symbols Alpaca does not know. Nothing is said of those about which it could not be asked. */
export function useUnknownSymbols(account: () => string | null, symbols: () => string[]) {
  const unknown = ref<string[]>([])
  const known = new Map<string, boolean>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let aborter = new AbortController()
  const show = () => (unknown.value = symbols().filter((s) => known.get(s) === false))

  async function ask() {
    const mine = (aborter = new AbortController())
    const id = account()
    if (!id) return
    for (const symbol of symbols()
      .filter((s) => !known.has(s))
      .slice(0, most)) {
      try {
        await api.asset(id, symbol, mine.signal)
        known.set(symbol, true)
      } catch (e) {
        if (mine.signal.aborted) return
        if (!(e instanceof ApiError) || e.status !== 404) return show()
        known.set(symbol, false)
      }
      if (mine.signal.aborted) return
      show()
    }
  }

  function stop() {
    clearTimeout(timer)
    aborter.abort()
  }
  watch(
    () => [account(), ...symbols()].join(' '),
    () => {
      stop()
      show()
      timer = setTimeout(() => void ask(), pause)
    },
    { immediate: true },
  )
  onScopeDispose(stop)
  return unknown
}
