import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api } from '../api'
import type { Account } from '../types'

const key = 'paddock.account'

/** The user's accounts, and the one that is worked on. A tab keeps its account for itself, in
 * its address and its session; what was chosen last in any tab is only where a new one begins. */
export const useAccounts = defineStore('accounts', () => {
  const list = ref<Account[]>([])
  const loaded = ref(false)
  const named = ref<string | null>(null) // by the page's address
  const selectedId = ref<string | null>(null)
  const selected = computed(() => list.value.find((a) => a.id === selectedId.value) ?? null)
  /** What was to be shown and is not among the user's accounts, or no longer: nothing is shown in its place. */
  const strange = ref<string | null>(null)
  const has = (id: string | null) => list.value.some((a) => a.id === id)

  async function load() {
    list.value = await api.accounts()
    loaded.value = true
    const wanted = named.value ?? selectedId.value ?? strange.value
    if (wanted && list.value.length) return show(wanted)
    // What was kept may be another user's, or deleted since.
    const kept = [sessionStorage.getItem(key), localStorage.getItem(key)].find(has)
    select(kept ?? list.value[0]?.id ?? null)
  }

  function show(id: string) {
    if (has(id)) return select(id)
    selectedId.value = null
    strange.value = id
  }

  function select(id: string | null) {
    strange.value = null
    named.value = id
    selectedId.value = id
    if (!id) return
    sessionStorage.setItem(key, id)
    localStorage.setItem(key, id)
  }

  /** Takes the account that the page's address names. */
  function follow(id: string | null) {
    if (id) named.value = id
    if (id && loaded.value && id !== selectedId.value) show(id)
  }

  function clear() {
    list.value = []
    loaded.value = false
    selectedId.value = null
    strange.value = null
  }

  /** Forgets it all, with what the address named: the next user is another one. */
  function forget() {
    clear()
    named.value = null
  }

  return { list, loaded, selectedId, selected, strange, load, select, follow, clear, forget }
})
