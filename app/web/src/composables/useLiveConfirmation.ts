import { onScopeDispose, watch } from 'vue'
import { answerLive, askLive, question, type LiveAct, type LiveQuestion } from '../liveQuestion'
import { useAccounts } from '../stores/accounts'
import { useCurrentAccount } from '../stores/currentAccount'

/** Asks before something is done on a live account, as the user has chosen; on a paper account it
 * is agreed to. The answer is no where another account is shown by then, or the component is gone. */
export function useLiveConfirmation() {
  const accounts = useAccounts()
  const current = useCurrentAccount()
  let mine: LiveQuestion | null = null
  const giveUp = () => {
    if (mine && question.value === mine) answerLive(false)
  }
  watch(() => current.id, giveUp, { flush: 'sync' })
  onScopeDispose(giveUp)

  return async (act: LiveAct): Promise<boolean> => {
    const account = accounts.selected
    if (!account) return false
    if (account.environment !== 'live') return true
    mine = { ...act, account: account.name }
    return (await askLive(mine)) && current.id === account.id
  }
}
