import { line } from '../orders'
import type { Order } from '../types'
import { useConfirmation } from './useConfirmation'

/** Asks, before an order whose answer was lost is said to have never been placed. */
export function useDismissal() {
  const confirm = useConfirmation()
  return async (o: Order, dismiss: () => Promise<unknown>) => {
    const sure = await confirm({
      header: 'It was never placed?',
      message: `Alpaca’s answer to “${line(o)}” was lost. Look at Alpaca first: is there really no order with the id ${o.client_order_id}? If you say so it counts no more, and you may place it anew.`,
      accept: 'It was never placed',
      reject: 'Leave it',
      danger: true,
    })
    if (sure) await dismiss()
  }
}
