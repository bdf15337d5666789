import type { LiveEvent } from 'paddock-live'
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { ApiError, explain } from '../api'
import { useAccounts } from './accounts'

/** What a store keeps of the account that is shown. */
export interface AccountData {
  /** Forgets it, and gives up what is on its way. */
  clear(): void
  load(): Promise<unknown>
  /** Takes an event of the account. */
  apply?(e: LiveEvent): void
}

/** The account that is shown. Another account's data never gets in: with each
 * change all data is cleared, and answers that come late are dropped. */
export const useCurrentAccount = defineStore('currentAccount', () => {
  const accounts = useAccounts()
  const id = ref<string | null>(null)
  const pending = ref(0) // readings of everything, or of what a new store keeps
  const loading = computed(() => pending.value > 0)
  const error = ref<string | null>(null)
  const needsKeys = ref(false)

  let generation = 0 // counts the changes of account: an answer belongs to the one in which it was asked for
  let aborter = new AbortController()
  const kept: AccountData[] = []
  const listeners = new Set<(e: LiveEvent) => void>()

  /** Shows an account from the beginning, also if it is shown already. */
  function show(account: string | null) {
    generation++
    aborter.abort()
    aborter = new AbortController()
    id.value = account
    pending.value = 0
    error.value = null
    needsKeys.value = false
    for (const data of kept) data.clear()
    void load()
  }

  /** Reads everything of the account again, and keeps what there is meanwhile. */
  async function load(what = kept) {
    if (!id.value) return
    const asked = generation
    pending.value++
    error.value = null
    await Promise.all(what.map((data) => data.load()))
    if (asked === generation) pending.value--
  }

  /** Adds data of the account. A store does so once, when it is made. */
  function keep(data: AccountData) {
    kept.push(data)
    void load([data])
  }

  function fail(e: unknown) {
    if (e instanceof ApiError && e.code === 'needs_credentials') needsKeys.value = true
    else error.value = explain(e)
  }

  /** Reads something of the account, and hands the answer on unless it comes
   * too late. A failure is shown on the page. */
  async function read<T>(ask: (account: string, signal: AbortSignal) => Promise<T>, done: (answer: T) => void) {
    if (!id.value) return
    const asked = generation
    try {
      const answer = await ask(id.value, aborter.signal)
      if (asked === generation) done(answer)
    } catch (e) {
      if (asked === generation) fail(e)
    }
  }

  /** Changes something of the account. done is left out where the answer comes
   * too late; the caller gets the answer, or the error, in any case. */
  async function change<T>(ask: (account: string) => Promise<T>, done: (answer: T) => void): Promise<T> {
    const asked = generation
    const answer = await ask(id.value!)
    if (asked === generation) done(answer)
    return answer
  }

  /** Takes an event of any account that is followed. */
  function apply(e: LiveEvent) {
    if (e.account_id !== id.value) return
    if (e.kind === 'credentials') needsKeys.value = e.data.state !== 'stored'
    for (const data of kept) data.apply?.(e)
    for (const listener of listeners) listener(e)
  }

  /** Hands each event of the account on, until the function that it returns is called. */
  function listen(listener: (e: LiveEvent) => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  watch(() => accounts.selectedId, show, { immediate: true, flush: 'sync' })
  return { id, loading, error, needsKeys, show, load: () => load(), keep, fail, read, change, apply, listen }
})
