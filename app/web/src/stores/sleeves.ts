import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { sleevesApi } from '../agents/sleevesApi'
import type { Sleeves } from '../types'
import { useCurrentAccount } from './currentAccount'

/** The sleeves of the account that is shown, and what belongs to none of them. */
export const useSleeves = defineStore('sleeves', () => {
  const current = useCurrentAccount()
  const known = ref<Sleeves | null>(null)
  const list = computed(() => known.value?.sleeves ?? [])
  const unassigned = computed(() => known.value?.unassigned ?? null)

  const refresh = () => current.read('sleeves', sleevesApi.list, (answer) => (known.value = answer))

  /** Changes something of them, and reads what there is now. */
  const change = <T>(act: (account: string) => Promise<T>) => current.change(act, () => void refresh())

  current.keep({ clear: () => (known.value = null), load: refresh })
  return { known, list, unassigned, refresh, change }
})
