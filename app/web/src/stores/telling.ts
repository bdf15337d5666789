import type { LiveEvent } from 'paddock-live'
import { useDocumentVisibility } from '@vueuse/core'
import { defineStore } from 'pinia'
import { watch } from 'vue'
import { outcomeNotice, waitsFor, waitsNotice } from '../approvals'
import { beep } from '../beep'
import { clearOutside, listenToWorker, mayNotify, showOutside, type Outside } from '../browserNotices'
import { happened, nameOf, type Happened } from '../happened'
import { listen } from '../listening'
import { mayApprove, onlyReads } from '../roles'
import { Teller } from '../teller'
import { toldTopic, type Told } from '../topics'
import type { Account, Approval } from '../types'
import { useAccounts } from './accounts'
import { useHistory } from './history'
import { useNotices } from './notices'
import { useNoticeSettings } from './noticeSettings'

const old = 60_000 // ms after which an approval that is caught up on is news no longer
const gather = 1000 // ms in which what comes together is told together by the browser

/** Tells the user of what happens: on the page, by a sound, and where nobody sees the page by the
 * browser. Of all accounts, as they want it. */
export const useTelling = defineStore('telling', () => {
  const accounts = useAccounts()
  const history = useHistory()
  const notices = useNotices()
  const wishes = useNoticeSettings()
  const visibility = useDocumentVisibility()
  let teller: Teller | undefined
  let go: (url: string) => unknown = () => {}
  let stopListening = () => {}
  let waiting: Outside[] = []
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Begins for who is signed in; to opens a page of the console. */
  function begin(to: (url: string) => unknown) {
    end()
    go = to
    teller = new Teller(wishes.user)
    teller.see(visibility.value === 'visible')
    const ends = [
      listenToWorker(go),
      listen({
        event: (e) => {
          history.receive(e)
          receive(e)
        },
        following: history.follow,
        reset: history.reset,
      }),
    ]
    stopListening = () => ends.forEach((end) => end())
  }

  /** Nothing of one user stays for the next. */
  function end() {
    clearTimeout(timer)
    waiting = []
    teller?.end()
    teller = undefined
    stopListening()
    void clearOutside()
  }
  watch(visibility, (now) => teller?.see(now === 'visible'))

  /** Takes an event of any account that is followed, each once. */
  function receive(e: LiveEvent) {
    const account = accounts.list.find((a) => a.id === e.account_id)
    const topic = toldTopic(e)
    if (!account || !topic || !wishes.wants(topic, account.id === accounts.selectedId) || wishes.isQuiet()) return
    const words = e.kind === 'approval' ? ofApproval(e, account) : isTold(e) ? happened(e) : null
    if (!words) return
    const { severity, summary, detail, net } = words
    // What is said of an approval names its account by itself.
    const named = e.kind === 'approval' ? detail : [detail, nameOf(account)].filter(Boolean).join(' · ')
    if (!isLookedAt(e))
      notices.add({ severity, summary, detail: named, net, topic, life: topic === 'fills' ? 5000 : undefined })
    if (!teller?.is) return
    if (wishes.settings.sound) beep(severity === 'error' || severity === 'warn')
    if (wishes.settings.browser && mayNotify()) later(outside(e, topic, words, account))
  }

  /** Of orders, jobs and keys only some of what happens is worth a notice. */
  function isTold(e: LiveEvent): boolean {
    if (e.kind === 'order') return Boolean(e.data.execution) || ['rejected', 'unknown'].includes(e.data.event)
    if (e.kind === 'credentials') return e.data.state === 'needs_credentials'
    return ['guard', 'job', 'stream', 'limit', 'webhook', 'notice'].includes(e.kind)
  }

  /** What begins to wait for the user's word, and what became of what they asked for. */
  function ofApproval(e: Extract<LiveEvent, { kind: 'approval' }>, account: Account): Happened | null {
    if (Date.now() - new Date(e.at).getTime() > old) return null
    const a = e.data.approval as Approval
    const page = '/approvals'
    if (e.data.event === 'pending')
      return waitsFor(a, wishes.user, account) ? { ...waitsNotice(a, account), page } : null
    const notice = a.proposed_by === wishes.user && !a.token_id ? outcomeNotice(a, account) : null
    return notice && { ...notice, page }
  }

  /** Who looks at the page of approvals sees it there, and its buttons are not to be covered. */
  const isLookedAt = (e: LiveEvent) =>
    e.kind === 'approval' &&
    e.data.event === 'pending' &&
    location.pathname === '/approvals' &&
    e.account_id === accounts.selectedId &&
    !document.hidden

  function outside(e: LiveEvent, topic: Told, words: Happened, account: Account): Outside {
    const to = (page: string, wish = '') => `${page}?account=${account.id}${wish && `#${wish}`}`
    const actions = []
    if (e.kind === 'approval' && e.data.event === 'pending' && mayApprove(account)) {
      const { id } = e.data.approval
      actions.push(
        { action: 'approve', title: 'Approve …', url: to('/approvals', `approve=${id}`) },
        { action: 'refuse', title: 'Refuse …', url: to('/approvals', `refuse=${id}`) },
      )
    } else if (!onlyReads(account.role)) actions.push({ action: 'halt', title: 'Halt …', url: to('/guards', 'halt') })
    return { topic, words, account: nameOf(account), url: to(words.page), actions }
  }

  function later(one: Outside) {
    waiting.push(one)
    if (waiting.length > 1) return
    timer = setTimeout(async () => {
      const [all, by] = [waiting, teller]
      waiting = []
      if (by && !(await by.isSeen()) && by === teller) await showOutside(all, go)
    }, gather)
  }

  return { begin, end, receive }
})
