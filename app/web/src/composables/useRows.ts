import { computed } from 'vue'
import { toRow } from '../overview'
import { useAccounts } from '../stores/accounts'
import { useCurrentAccount } from '../stores/currentAccount'
import { usePortfolio } from '../stores/portfolio'
import { usePositions } from '../stores/positions'

/** The user's accounts with what is known of each: of the one that is shown as the desk has it. */
export function useRows() {
  const accounts = useAccounts()
  const current = useCurrentAccount()
  const portfolio = usePortfolio()
  const positions = usePositions()
  return computed(() =>
    accounts.list.map((a) => {
      const shown =
        a.id === current.id ? { equity: positions.equity, today: positions.today, asOf: positions.asOf } : undefined
      return toRow(a, portfolio.of(a.id), shown)
    }),
  )
}
