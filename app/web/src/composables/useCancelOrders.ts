import { computed, ref, shallowRef, watch } from 'vue'
import { api, explain } from '../api'
import { line } from '../orders'
import { useAccounts } from '../stores/accounts'
import { useCurrentAccount } from '../stores/currentAccount'
import { useNotices } from '../stores/notices'
import type { Order } from '../types'
import { useConfirmation } from './useConfirmation'

export interface CancelResult {
  id: string
  what: string
  state: 'waiting' | 'asked' | 'failed'
  why: string
}

const atOnce = 4 // requests under way: each costs one of Alpaca's

/** Cancels many orders after one question, and says of each what became of it. */
export function useCancelOrders(take: (o: Order) => void) {
  const accounts = useAccounts()
  const current = useCurrentAccount()
  const notices = useNotices()
  const confirm = useConfirmation()
  const results = shallowRef<CancelResult[]>([])
  const asking = ref(false)
  const busy = computed(() => asking.value || results.value.some((r) => r.state === 'waiting'))
  // What was asked of one account is not told beside another.
  watch(
    () => current.id,
    () => (results.value = []),
    { flush: 'sync' },
  )

  const name = () => {
    const a = accounts.selected
    return a ? `“${a.name}” (${a.environment})` : 'this account'
  }

  /** Asks once, and runs what was agreed to. A second click meanwhile asks and sends nothing. */
  async function ask(header: string, message: string, accept: string, run: (account: string, of: string) => unknown) {
    if (busy.value) return false
    asking.value = true
    const account = current.id
    const of = name()
    try {
      const sure = await confirm({ header, message, accept, reject: 'Leave them', danger: true })
      if (!sure || !account || account !== current.id) return false
      await run(account, of)
      return true
    } finally {
      asking.value = false
    }
  }

  /** Cancels these orders, and goes on where one of them fails. */
  function cancel(orders: Order[]) {
    const many = orders.length === 1 ? 'this order' : `these ${orders.length} orders`
    return ask(
      orders.length === 1 ? 'Cancel one order?' : `Cancel ${orders.length} orders?`,
      `Alpaca is asked to cancel ${many} of ${name()}: ${orders.slice(0, 3).map(line).join('; ')}${orders.length > 3 ? ` and ${orders.length - 3} more` : ''}.`,
      orders.length === 1 ? 'Cancel it' : `Cancel ${orders.length}`,
      async (account, of) => {
        const mine = orders.map((o): CancelResult => ({ id: o.id, what: line(o), state: 'waiting', why: '' }))
        const shown = () => account === current.id
        const tell = (id: string, state: CancelResult['state'], why = '') => {
          const failed = state === 'failed'
          if (shown()) results.value = results.value.map((r) => (r.id === id ? { ...r, state, why } : r))
          else if (failed)
            notices.add({
              severity: 'error',
              summary: `Not canceled: ${mine.find((r) => r.id === id)!.what}`,
              detail: `${why} · ${of}`,
            })
        }
        results.value = mine
        const left = orders.map((o) => o.id)
        const work = async () => {
          for (let id = left.shift(); id !== undefined; id = left.shift())
            try {
              // The account is that which was asked about, whatever is shown by now.
              const now = await api.cancelOrder(account, id)
              if (shown()) take(now)
              tell(id, 'asked')
            } catch (e) {
              tell(id, 'failed', explain(e))
            }
        }
        await Promise.all(Array.from({ length: atOnce }, work))
      },
    )
  }

  /** Cancels all that is open on the account, also what is not listed. find gives an order by Alpaca's id. */
  function cancelAll(open: string, find: (alpacaId: string) => Order | undefined) {
    return ask(
      'Cancel all orders?',
      `Alpaca is asked to cancel every open order of ${name()}, also those that are not listed here${open && ` (${open} are open)`}; what waits to be sent is not sent.`,
      'Cancel all',
      async (account, of) => {
        try {
          const answers = await api.cancelOrders(account)
          if (account !== current.id) return
          results.value = answers.map(({ id, status }): CancelResult => {
            const known = find(id)
            const what = known ? line(known) : `the order ${id} at Alpaca`
            return status < 300
              ? { id, what, state: 'asked', why: '' }
              : { id, what, state: 'failed', why: `Alpaca answered ${status}: it may be over already.` }
          })
          if (!answers.length)
            results.value = [{ id: '', what: 'No order was open at Alpaca.', state: 'asked', why: '' }]
        } catch (e) {
          const why = explain(e)
          if (account === current.id) results.value = [{ id: '', what: 'All open orders', state: 'failed', why }]
          else notices.add({ severity: 'error', summary: 'Not canceled: all open orders', detail: `${why} · ${of}` })
        }
      },
    )
  }

  return { results, busy, cancel, cancelAll, clear: () => (results.value = []) }
}
