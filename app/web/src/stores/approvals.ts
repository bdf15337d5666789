import type { LiveEvent } from 'paddock-live'
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { api } from '../api'
import { isLater, newestFirst, waits, waitsFor } from '../approvals'
import { auth } from '../auth'
import { mayApprove } from '../roles'
import type { Approval } from '../types'
import { useAccounts } from './accounts'
import { useCurrentAccount } from './currentAccount'

const most = '200' // as many may wait on an account
const kept = 200 // of those that were decided

/** What waits for a person's word, on each of the user's accounts: who approves is asked by
 * accounts that they do not look at. Each account's stand by themselves. */
export const useApprovals = defineStore('approvals', () => {
  const accounts = useAccounts()
  const current = useCurrentAccount()
  const session = auth.useSession()
  const waiting = ref<Record<string, Approval[]>>({}) // by account, the newest first
  const decided = ref(new Map<string, Approval>()) // lately: what comes late must not let it wait again
  const readings = new Map<string, Set<string>>() // by account, with what was heard of meanwhile
  const newest = new Map<string, Promise<void>>() // the reading that counts, by account

  const of = (account: string | null) => (account && waiting.value[account]) || []

  /** How many wait for a word of this user's on an account. */
  function mine(account: string): number {
    const a = accounts.list.find((one) => one.id === account)
    return a ? of(account).filter((one) => waitsFor(one, session.value.data?.user.id, a)).length : 0
  }
  const count = computed(() => accounts.list.reduce((all, a) => all + mine(a.id), 0))

  /** Takes what is known of an approval now. */
  function put(account: string, a: Approval) {
    if (!accounts.list.some((one) => one.id === account)) return
    readings.get(account)?.add(a.id)
    if (decided.value.has(a.id)) return
    const others = of(account).filter((one) => one.id !== a.id)
    const known = of(account).find((one) => one.id === a.id)
    if (!waits(a)) {
      decided.value.set(a.id, a)
      for (const id of decided.value.keys()) if (decided.value.size > kept) decided.value.delete(id)
    }
    const now = known && isLater(known, a) ? known : a
    set(account, waits(a) ? [...others, now] : others)
  }

  const set = (account: string, list: Approval[]) => (waiting.value[account] = list.sort(newestFirst))

  /** Reads what waits on an account. What is heard of meanwhile stays as it was heard. */
  function load(account: string, signal?: AbortSignal) {
    const reading = read(account, signal)
    newest.set(account, reading)
    return reading
  }

  async function read(account: string, signal?: AbortSignal): Promise<void> {
    const heard = new Set<string>()
    readings.set(account, heard)
    try {
      const pages = await Promise.all(
        ['pending', 'approved'].map((state) => api.approvals(account, { state, limit: most }, signal)),
      )
      // Where it was asked for again meanwhile, what waits is not known before that is answered.
      if (readings.get(account) !== heard) return readings.has(account) ? newest.get(account) : undefined
      const stays = of(account).filter((one) => heard.has(one.id))
      const read = pages
        .flatMap((page) => page.approvals)
        .filter((one) => !heard.has(one.id) && !decided.value.has(one.id) && new Date(one.expires_at) > new Date())
      // One that was approved between the two readings is in both.
      set(account, [...new Map([...read, ...stays].map((one) => [one.id, one])).values()])
    } finally {
      if (readings.get(account) === heard) readings.delete(account)
    }
  }

  let queue = Promise.resolve() // one account after the other: there may be many
  /** Reads an account that is not shown, where the user is one who is asked. */
  function follow(account: string) {
    queue = queue.then(async () => {
      const a = accounts.list.find((one) => one.id === account)
      if (!a || account === current.id || !mayApprove(a)) return
      await load(account).catch(() => {}) // events tell of what comes, and the page reads it again
    })
    return queue
  }

  /** Takes an event of any account that is followed. */
  function receive(e: LiveEvent) {
    if (e.kind === 'approval') put(e.account_id, e.data.approval as Approval)
  }

  /** What is known of one: that it waits, or what became of it. */
  const find = (account: string | null, id: string) =>
    decided.value.get(id) ?? of(account).find((one) => one.id === id) ?? null

  // Nothing of one user stays for the next, nor of an account that is theirs no longer.
  watch(
    () => accounts.list.map((a) => a.id),
    (ids) => {
      for (const id of [...Object.keys(waiting.value), ...readings.keys()]) {
        if (ids.includes(id)) continue
        delete waiting.value[id]
        readings.delete(id)
      }
      if (!ids.length) decided.value.clear()
    },
    { flush: 'sync' },
  )

  current.keep({
    clear: () => {},
    load: () =>
      current.read(
        'approvals',
        (account, signal) => load(account, signal),
        () => {},
      ),
  })
  return { waiting, of, mine, count, put, load, follow, receive, find }
})
