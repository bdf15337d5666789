import type { LiveEvent } from 'paddock-live'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, triggerRef, watch } from 'vue'
import { happened, type Happened } from '../happened'
import { noticesApi } from '../noticesApi'
import type { One } from '../together'
import { toldTopic } from '../topics'
import { useAccounts } from './accounts'

/** Something that happened on an account. */
export interface Entry extends One {
  cursor: number
  words: Happened
}

/** What is known of an account's history: a part from its newest event on. */
interface Known {
  entries: Entry[] // the newest first
  next: string | null // where what is older begins; null where that is all
  head: number
  read: number // up to where the user has read
}

const most = 2000 // entries of an account that are kept here: the server has the rest

/** What happened on each of the user's accounts, as the server's log has it, and how much of it
 * they have not read. Each account's history stands by itself, and goes when the account does. */
export const useHistory = defineStore('history', () => {
  const accounts = useAccounts()
  const known = shallowRef(new Map<string, Known>())
  const failures = ref(new Map<string, unknown>()) // of the last reading, by account
  const heard = new Map<string, Entry[]>() // live, while an account's newest page is being read
  const loading = ref(0)

  function entry(e: LiveEvent): Entry | null {
    const topic = toldTopic(e)
    if (!topic) return null
    const words = happened(e)
    const order = e.kind === 'order' ? e.data.order : null
    return {
      account: e.account_id,
      cursor: e.cursor,
      topic,
      agent: order?.orchestrator_agent_id ?? null,
      at: new Date(e.at).getTime(),
      net: words.net,
      words,
    }
  }
  const isEntry = (one: Entry | null): one is Entry => one !== null

  /** Puts both together, each event once, the newest first. */
  const merged = (a: Entry[], b: Entry[]) =>
    [...new Map([...b, ...a].map((one) => [one.cursor, one])).values()].sort((x, y) => y.cursor - x.cursor)

  const isMine = (account: string) => accounts.list.some((a) => a.id === account)

  /** Reads an account's newest page. What is heard of meanwhile stays. */
  async function load(account: string) {
    if (!isMine(account)) return
    const live: Entry[] = []
    heard.set(account, live)
    try {
      const page = await noticesApi.past(account, null)
      if (heard.get(account) !== live) return // it is gone, or was asked for again
      const before = known.value.get(account)
      const read = page.events.map(entry).filter(isEntry)
      // What was read before goes on below the page where nothing can be missing between them.
      const joins = before && page.next_cursor !== null && before.head >= Number(page.next_cursor)
      known.value.set(account, {
        entries: merged(live, joins ? merged(read, before.entries) : read),
        next: joins ? before.next : page.next_cursor,
        head: Math.max(page.head, ...live.map((one) => one.cursor)),
        read: Math.max(page.read_cursor ?? page.head, before?.read ?? 0),
      })
      failures.value.delete(account)
      triggerRef(known)
      // Who looks at an account for the first time has missed nothing.
      if (page.read_cursor === null) await noticesApi.markRead(account, page.head).catch(() => {})
    } catch (e) {
      if (heard.get(account) === live) failures.value.set(account, e)
    } finally {
      if (heard.get(account) === live) heard.delete(account)
    }
  }

  let queue = Promise.resolve() // one account after the other: there may be many
  const follow = (account: string) => (queue = queue.then(() => load(account)))

  /** Takes an event of any account that is followed. */
  function receive(e: LiveEvent) {
    const of = known.value.get(e.account_id)
    const one = entry(e)
    if (one) heard.get(e.account_id)?.push(one)
    if (!of || e.cursor <= of.head) return
    of.head = e.cursor
    if (!one) return
    of.entries = [one, ...of.entries]
    if (of.entries.length > most) {
      of.entries = of.entries.slice(0, most)
      of.next = String(of.entries.at(-1)!.cursor)
    }
    triggerRef(known)
  }

  /** The account's log has begun anew: what was known of it is no part of it. */
  function reset(account: string) {
    known.value.delete(account)
    triggerRef(known)
    return follow(account)
  }

  const unreadOf = (of: Known) => of.entries.filter((one) => one.cursor > of.read).length
  /** How many were not read, on an account or on all. */
  const unread = computed(() => [...known.value.values()].reduce((all, of) => all + unreadOf(of), 0))
  /** Whether there are more than that which were not read and are not here yet. */
  const more = computed(() => [...known.value.values()].some(goesOn))
  const goesOn = (of: Known) => of.next !== null && Number(of.next) > of.read + 1
  const isUnread = (one: Entry) => one.cursor > (known.value.get(one.account)?.read ?? 0)

  /** All that is here and before which nothing can be missing, the newest first. */
  function list(of: (account: string) => boolean): Entry[] {
    const chosen = [...known.value].filter(([account]) => of(account)).map(([, one]) => one)
    const from = Math.max(0, ...chosen.filter((one) => one.next !== null && one.entries.length).map(oldest))
    return chosen
      .flatMap((one) => one.entries)
      .filter((one) => one.at >= from)
      .sort((a, b) => b.at - a.at || b.cursor - a.cursor)
  }
  const oldest = (of: Known) => of.entries.at(-1)?.at ?? Number.MAX_SAFE_INTEGER

  const hasOlder = (of: (account: string) => boolean) =>
    [...known.value].some(([account, one]) => of(account) && one.next !== null)

  /** Reads the next page of the account whose history reaches back least far. */
  async function older(of: (account: string) => boolean) {
    const [next] = [...known.value]
      .filter(([account, one]) => of(account) && one.next !== null)
      .sort(([, a], [, b]) => oldest(b) - oldest(a))
    if (!next) return
    const [account, one] = next
    const from = one.next
    loading.value++
    try {
      const page = await noticesApi.past(account, from)
      if (known.value.get(account) !== one || one.next !== from) return
      one.entries = merged(one.entries, page.events.map(entry).filter(isEntry))
      one.next = page.next_cursor
      failures.value.delete(account)
      triggerRef(known)
    } catch (e) {
      if (known.value.get(account) === one) failures.value.set(account, e)
      throw e
    } finally {
      loading.value--
    }
  }

  /** Marks all as read that is known of now. */
  async function markRead() {
    const at = [...known.value]
      .filter(([, of]) => unreadOf(of) || goesOn(of))
      .map(([account, of]) => [account, of.head] as const)
    for (const [account, head] of at) {
      const { read_cursor } = await noticesApi.markRead(account, head)
      seen(account, read_cursor)
    }
  }

  /** Takes up to where the user has read, here or in another tab. */
  function seen(account: string, cursor: number) {
    const of = known.value.get(account)
    if (!of || cursor <= of.read) return
    of.read = cursor
    triggerRef(known)
  }

  // Nothing of one user stays for the next, nor of an account that is theirs no longer.
  watch(
    () => accounts.list.map((a) => a.id),
    (ids) => {
      for (const id of [...known.value.keys(), ...heard.keys()]) {
        if (ids.includes(id)) continue
        known.value.delete(id)
        heard.delete(id)
        failures.value.delete(id)
      }
      triggerRef(known)
    },
    { flush: 'sync' },
  )

  return {
    known,
    failures,
    loading,
    unread,
    more,
    follow,
    load,
    receive,
    reset,
    list,
    hasOlder,
    older,
    markRead,
    seen,
    isUnread,
  }
})
