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

/** What is read of an account. */
export type What = 'figures' | 'positions' | 'orders' | 'guards' | 'approvals'

/** The account that is shown. Another account's data never gets in: with each
 * change all data is cleared, and answers that come late are dropped. */
export const useCurrentAccount = defineStore('currentAccount', () => {
  const accounts = useAccounts()
  const id = ref<string | null>(null)
  const pending = ref(0) // readings of everything, or of what a new store keeps
  const loading = computed(() => pending.value > 0)
  const readAt = ref<Partial<Record<What, Date>>>({}) // the last time that it could be read
  const failures = ref<Partial<Record<What, unknown>>>({}) // of the last reading, where that failed
  const error = computed(() => {
    const failed = Object.values(failures.value).find((e) => !lacksKeys(e))
    return failed === undefined ? null : explain(failed)
  })
  const needsKeys = ref(false)

  let generation = 0 // counts the changes of account: an answer belongs to the one in which it was asked for
  let aborter = new AbortController()
  let readings = 0
  const landed: Partial<Record<What, number>> = {} // the latest reading whose answer is there
  const kept: AccountData[] = []
  const listeners = new Set<(e: LiveEvent) => void>()

  const lacksKeys = (e: unknown) => e instanceof ApiError && e.code === 'needs_credentials'

  /** Shows an account from the beginning, also if it is shown already. */
  function show(account: string | null) {
    generation++
    aborter.abort()
    aborter = new AbortController()
    id.value = account
    pending.value = 0
    readAt.value = {}
    failures.value = {}
    needsKeys.value = false
    for (const data of kept) data.clear()
    void load()
  }

  /** Reads everything of the account again, and keeps what there is meanwhile. */
  async function load(what = kept) {
    if (!id.value) return
    const asked = generation
    pending.value++
    await Promise.all(what.map((data) => data.load()))
    if (asked === generation) pending.value--
  }

  /** Adds data of the account. A store does so once, when it is made. */
  function keep(data: AccountData) {
    kept.push(data)
    void load([data])
  }

  function fail(what: What, e: unknown) {
    failures.value[what] = e
    if (lacksKeys(e)) needsKeys.value = true
  }

  /** Something was read: what kept it from that before is over. */
  function succeed(what: What) {
    readAt.value[what] = new Date()
    delete failures.value[what]
    if (what === 'figures' || what === 'positions') needsKeys.value = false // Alpaca has taken the keys
  }

  /** Reports whether something is known now. What was read before is no knowledge of it once a
   * reading has failed: an empty list, then, does not say that there is nothing. */
  function knows(what: What): 'loading' | 'unknown' | 'known' {
    if (failures.value[what] !== undefined) return 'unknown'
    if (needsKeys.value && (what === 'figures' || what === 'positions')) return 'unknown'
    return readAt.value[what] ? 'known' : 'loading'
  }

  /** What to say where a list is empty: none says that there is nothing in it. */
  function emptyWords(what: What, none: string): string {
    const known = knows(what)
    if (known !== 'unknown') return known === 'known' ? none : 'Loading …'
    const keys = needsKeys.value && what !== 'guards' && what !== 'approvals'
    return keys ? 'Not known: this account has no working API keys.' : 'Not known: it could not be read.'
  }

  /** Reads something of the account, and hands the answer on unless it comes
   * too late. A failure is shown on the page, until it can be read again. */
  async function read<T>(
    what: What,
    ask: (account: string, signal: AbortSignal) => Promise<T>,
    done: (answer: T) => void,
  ) {
    if (!id.value) return
    const asked = generation
    const mine = ++readings
    /** Of two readings of the same the one that began later is right, whichever answer comes first. */
    const counts = () => {
      if (asked !== generation || mine < (landed[what] ?? 0)) return false
      landed[what] = mine
      return true
    }
    try {
      const answer = await ask(id.value, aborter.signal)
      if (!counts()) return
      succeed(what)
      done(answer)
    } catch (e) {
      if (counts()) fail(what, e)
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
  return {
    id,
    loading,
    error,
    needsKeys,
    readAt,
    show,
    load: () => load(),
    keep,
    fail,
    succeed,
    knows,
    emptyWords,
    read,
    change,
    apply,
    listen,
  }
})
