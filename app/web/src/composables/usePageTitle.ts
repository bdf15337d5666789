import { useTitle } from '@vueuse/core'
import { computed } from 'vue'
import { useRoute } from 'vue-router'
import { change } from '../money'
import { useAccounts } from '../stores/accounts'
import { usePositions } from '../stores/positions'
import { useAge } from './useAge'

/** Keeps the window's title: today's result, the account, and the page. A result that is old is left out. */
export function usePageTitle() {
  const route = useRoute()
  const accounts = useAccounts()
  const positions = usePositions()
  const { age } = useAge(() => positions.asOf)
  const title = computed(() => {
    const account = accounts.selected
    const today = account && positions.today !== null && age.value !== 'stale' ? change(positions.today) : ''
    const name = account && `${account.name}${account.environment === 'live' ? ' (live)' : ''}`
    return [today, name, route.meta.title, 'Paddock'].filter(Boolean).join(' · ')
  })
  useTitle(title)
}
