import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { agentsApi } from '../agents/api'
import { reaching } from '../agents/words'
import { api } from '../api'
import type { Token } from '../types'
import { useCurrentAccount } from './currentAccount'

/** The user's API tokens, as the account that is shown has them. */
export const useTokens = defineStore('tokens', () => {
  const current = useCurrentAccount()
  const all = ref<Token[]>([])
  /** Those that reach the account that is shown. */
  const list = computed(() => reaching(all.value, current.id))

  const refresh = () =>
    current.read(
      'tokens',
      (_, signal) => api.tokens(signal),
      (answer) => (all.value = answer),
    )

  /** Does something to a token, and reads what there is now. */
  async function change<T>(act: () => Promise<T>): Promise<T> {
    const answer = await act()
    await refresh()
    return answer
  }
  const reset = (id: string) => change(() => agentsApi.resetToken(id))
  const revoke = (id: string) => change(() => agentsApi.revokeToken(id))

  current.keep({ clear: () => (all.value = []), load: refresh })
  return { all, list, refresh, reset, revoke }
})
