import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api } from '../api'
import type { Account } from '../types'

const key = 'paddock.account'

/** The user's accounts, and the one that is worked on. */
export const useAccounts = defineStore('accounts', () => {
  const list = ref<Account[]>([])
  const loaded = ref(false)
  const selectedId = ref<string | null>(null)
  const selected = computed(() => list.value.find((a) => a.id === selectedId.value) ?? null)

  async function load() {
    list.value = await api.accounts()
    loaded.value = true
    const kept = selectedId.value ?? localStorage.getItem(key)
    // What was kept may be another user's, or deleted since.
    select(list.value.find((a) => a.id === kept)?.id ?? list.value[0]?.id ?? null)
  }

  function select(id: string | null) {
    selectedId.value = id
    if (id) localStorage.setItem(key, id)
    else localStorage.removeItem(key)
  }

  function clear() {
    list.value = []
    loaded.value = false
    selectedId.value = null
  }

  return { list, loaded, selectedId, selected, load, select, clear }
})
