import { PaddockLive, type LiveEvent, type LiveState, type Subscription } from 'paddock-live'
import { defineStore } from 'pinia'
import { useToast } from 'primevue/usetoast'
import { ref, watch } from 'vue'
import { outcomeNotice, waitsFor, waitsNotice } from '../approvals'
import { auth } from '../auth'
import { guardNotice } from '../guards'
import { fillNotice } from '../orders'
import type { Approval } from '../types'
import { useAccounts } from './accounts'
import { useApprovals } from './approvals'
import { useCurrentAccount } from './currentAccount'

const retryAfter = 5000 // ms, when the socket says that the session has ended and it has not
// An agent may ask for much at once: so many toasts of approvals in so many milliseconds.
const toastsAtOnce = 3
const toastWindow = 10_000
const old = 60_000 // ms after which an event that is caught up on is news no longer

/** The connection for live events: it follows all of the user's accounts, and
 * shows a toast for what is worth one. */
export const useLive = defineStore('live', () => {
  const accounts = useAccounts()
  const current = useCurrentAccount()
  const approvals = useApprovals()
  const toast = useToast()
  const session = auth.useSession()
  const state = ref<LiveState>('closed')
  const followed = new Map<string, Subscription>()

  const client = new PaddockLive({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/ws`,
    state: (s) => {
      state.value = s
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
  }

  function receive(e: LiveEvent) {
    current.apply(e)
    approvals.receive(e)
    notify(e)
    notifyOfApproval(e)
    if (e.kind === 'credentials' || e.kind === 'account') void accounts.load()
  }

  /** Shows a toast for fills, and for what the guards do. */
  function notify(e: LiveEvent) {
    const name = accounts.list.find((a) => a.id === e.account_id)?.name
    if (!name || e.account_id !== accounts.selectedId) return
    if (e.kind === 'guard') toast.add({ life: 8000, ...guardNotice(e.data, name) })
    if (e.kind === 'order' && e.data.execution && e.data.order)
      toast.add({ life: 5000, ...fillNotice(e.data.order, e.data.execution, name) })
  }

  let toasted: number[] = []
  /** Shows a toast for what begins to wait for the user's word on any of their accounts, and
   * for what became of what they asked for. Of many at a time the page tells. */
  function notifyOfApproval(e: LiveEvent) {
    const account = accounts.list.find((a) => a.id === e.account_id)
    const me = session.value.data?.user.id
    const now = Date.now()
    if (e.kind !== 'approval' || !account || now - new Date(e.at).getTime() > old) return
    const a = e.data.approval as Approval
    let notice = null
    // Who looks at the page sees it there, and its buttons are not to be covered.
    const looks = location.pathname === '/approvals' && e.account_id === accounts.selectedId && !document.hidden
    if (e.data.event === 'pending' && !looks && waitsFor(a, me, account)) notice = waitsNotice(a, account)
    else if (e.data.event !== 'word' && a.proposed_by === me && !a.token_id) notice = outcomeNotice(a, account)
    if (!notice) return
    toasted = toasted.filter((at) => at > now - toastWindow)
    if (toasted.length > toastsAtOnce) return
    if (toasted.length === toastsAtOnce)
      notice = { severity: 'info' as const, summary: 'More is asked for', detail: 'The page Approvals has all of it.' }
    toasted.push(now)
    toast.add({ life: 8000, ...notice })
  }

  /** Ends the connection, and follows nothing any more. */
  function disconnect() {
    client.close()
    followed.clear()
  }

  watch(() => accounts.list.map((a) => a.id), follow)
  return { state, connect: () => client.connect(), disconnect }
})
