import { PaddockLive, type LiveEvent, type LiveState, type Subscription } from 'paddock-live'
import { useDocumentVisibility } from '@vueuse/core'
import { defineStore } from 'pinia'
import { ref, watch } from 'vue'
import { outcomeNotice, waitsFor, waitsNotice } from '../approvals'
import { auth } from '../auth'
import { guardNotice } from '../guards'
import { fillNotice, refusalNotice } from '../orders'
import { isReady, lookAgain } from '../ready'
import { reconnections } from '../reconnection'
import type { Approval } from '../types'
import { useAccounts } from './accounts'
import { useApprovals } from './approvals'
import { useCurrentAccount } from './currentAccount'
import { useNotices } from './notices'
import { usePositions } from './positions'

const retryAfter = 5000 // ms, when the socket says that the session has ended and it has not
const old = 60_000 // ms after which an event that is caught up on is news no longer

/** The connection for live events: it follows all of the user's accounts, and
 * shows a toast for what is worth one. */
export const useLive = defineStore('live', () => {
  const accounts = useAccounts()
  const current = useCurrentAccount()
  const approvals = useApprovals()
  const notices = useNotices()
  const positions = usePositions()
  const seen = useDocumentVisibility()
  const session = auth.useSession()
  const state = ref<LiveState>('closed')
  const offlineSince = ref<Date | null>(null) // null while events come
  const followed = new Map<string, Subscription>()

  const client = new PaddockLive({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/ws`,
    state: (s) => {
      const before = state.value
      state.value = s
      if (s === 'live' && offlineSince.value) catchUp()
      if (before === 'live') begone()
      else if (s === 'live') offlineSince.value = null
      if (s === 'signed_out') void checkSession()
    },
  })

  /** The socket says that the session has ended. Where it has not, or somebody
   * has signed in again elsewhere, the connection goes on after a while. */
  async function checkSession() {
    await session.value.refetch()
    setTimeout(() => {
      if (session.value.data && client.state === 'signed_out') client.connect()
    }, retryAfter)
  }

  /** The server is away. The connection tries again by and by, more and more seldom, and a browser
   * may let it wait besides: what is shown is read as soon as the server answers anything. */
  function begone() {
    const since = (offlineSince.value = new Date())
    const isAway = () => offlineSince.value === since
    let answered = false
    const timer = setInterval(async () => {
      if (!isAway()) return clearInterval(timer)
      if (globalThis.document?.hidden) return
      const before = answered
      answered = await isReady()
      if (!answered || !isAway()) return
      client.hurry()
      if (!before) catchUp()
    }, lookAgain)
  }

  /** Reads again what is shown, after a break: events that were missed are told, but of prices,
   * and of what could not be read meanwhile, there are none. */
  function catchUp() {
    reconnections.value++
    void current.load()
    void accounts.load().catch(() => {}) // what is shown stays, and is told of
    for (const { id } of accounts.list) if (id !== current.id) void approvals.follow(id)
  }

  /** Follows exactly these accounts. */
  function follow(ids: string[]) {
    for (const [id, subscription] of followed) {
      if (ids.includes(id)) continue
      subscription.unsubscribe()
      followed.delete(id)
    }
    for (const id of ids) {
      if (followed.has(id)) continue
      followed.set(
        id,
        client.subscribe(id, {
          event: receive,
          quotes: positions.quote,
          // What was read before this may lack something.
          following: () => void (id === current.id ? current.load() : approvals.follow(id)),
          reset: () => id === current.id && current.show(id),
          lost: () => {
            followed.delete(id)
            void accounts.load()
          },
        }),
      )
    }
    look()
  }

  /** Has quotes sent of the account that is shown, while somebody looks. */
  function look() {
    for (const [id, subscription] of followed)
      if (id === current.id && seen.value === 'visible') subscription.watch()
      else subscription.unwatch()
  }

  function receive(e: LiveEvent) {
    current.apply(e)
    approvals.receive(e)
    notify(e)
    notifyOfApproval(e)
    if (e.kind === 'credentials' || e.kind === 'account') void accounts.load()
  }

  /** Shows a toast for fills, for what is refused, and for what the guards do. */
  function notify(e: LiveEvent) {
    const name = accounts.list.find((a) => a.id === e.account_id)?.name
    if (!name || e.account_id !== accounts.selectedId) return
    if (e.kind === 'guard') notices.add({ kind: 'guard', ...guardNotice(e.data, name) })
    if (e.kind !== 'order' || !e.data.order) return
    if (e.data.execution) notices.add({ kind: 'fill', life: 5000, ...fillNotice(e.data.order, e.data.execution, name) })
    if (e.data.event === 'rejected') notices.add({ kind: 'refusal', ...refusalNotice(e.data.order, name) })
  }

  /** Shows a toast for what begins to wait for the user's word on any of their accounts, and
   * for what became of what they asked for. */
  function notifyOfApproval(e: LiveEvent) {
    const account = accounts.list.find((a) => a.id === e.account_id)
    const me = session.value.data?.user.id
    if (e.kind !== 'approval' || !account || Date.now() - new Date(e.at).getTime() > old) return
    const a = e.data.approval as Approval
    let notice = null
    // Who looks at the page sees it there, and its buttons are not to be covered.
    const looks = location.pathname === '/approvals' && e.account_id === accounts.selectedId && !document.hidden
    if (e.data.event === 'pending' && !looks && waitsFor(a, me, account)) notice = waitsNotice(a, account)
    else if (e.data.event !== 'word' && a.proposed_by === me && !a.token_id) notice = outcomeNotice(a, account)
    if (notice) notices.add({ kind: 'approval', ...notice })
  }

  /** Ends the connection, and follows nothing any more. */
  function disconnect() {
    client.close()
    offlineSince.value = null
    notices.clear()
    followed.clear()
  }

  watch(() => accounts.list.map((a) => a.id), follow)
  watch([seen, () => current.id], look)
  return { state, offlineSince, connect: () => client.connect(), disconnect }
})
