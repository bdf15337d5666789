import { shallowRef, watch } from 'vue'
import { api } from '../api'
import type { OwnFill } from '../chart/markers'
import { onReconnection } from '../reconnection'
import { useCurrentAccount } from '../stores/currentAccount'
import { plain } from '../symbols'
import { throttle } from '../throttle'
import { useAccountEvents } from './useAccountEvents'

/** One's own fills of a symbol, of the account that is shown: the newest five hundred. They are read from
 * Paddock, which costs nothing of Alpaca's. */
export function useOwnFills(symbol: () => string) {
  const current = useCurrentAccount()
  const fills = shallowRef<OwnFill[]>([])
  let asked = 0

  async function read() {
    const mine = ++asked
    const [id, of] = [current.id, symbol()]
    if (!id || !of) return
    try {
      const answer = await api.fills(id, plain(of), null)
      if (mine === asked) fills.value = answer.fills.filter((f) => f.state === 'live')
    } catch {
      // The chart is of use without them, and the next fill asks again.
    }
  }
  const readSoon = throttle(read, 300, 2000)

  watch(
    () => [current.id, symbol()],
    () => {
      fills.value = []
      void read()
    },
    { immediate: true, flush: 'sync' },
  )
  useAccountEvents((e) => {
    if (e.kind === 'history') readSoon()
    if (e.kind === 'order' && (!e.data.order || plain(e.data.order.symbol) === plain(symbol()))) readSoon()
  })
  onReconnection(read)
  return fills
}
