// Notices of the browser's own, for when nobody sees the page.
import type { Happened } from './happened'
import { Group } from './stores/notices'
import type { Told } from './topics'

export interface Outside {
  topic: Told
  words: Happened
  account: string // its name
  url: string // of the page that has more of it
  /** What can be done from it: the page and dialog that it opens. Nothing is done by it alone. */
  actions: { action: string; title: string; url: string }[]
}

/** Whether the platform can: Web Locks, too, are there with TLS alone, or on one's own machine. */
export const canNotify = () => typeof Notification !== 'undefined' && Boolean(globalThis.navigator?.locks)
export const mayNotify = () => canNotify() && Notification.permission === 'granted'

const worker = '/notices-worker.js'

/** Asks the user, who has pressed a button, and returns whether they may be told so. */
export async function askToNotify(): Promise<boolean> {
  if (!canNotify()) return false
  const may = (await Notification.requestPermission()) === 'granted'
  if (may) await navigator.serviceWorker?.register(worker).catch(() => {})
  return may
}

const registration = async () => (await navigator.serviceWorker?.getRegistration(worker).catch(() => undefined)) ?? null

const few = 3 // at once; more are one

/** Shows them. More than three are one. open goes to a page of the console. */
export async function showOutside(all: Outside[], open: (url: string) => unknown) {
  if (!all.length || !mayNotify()) return
  if (all.length <= few) {
    for (const one of all)
      await show(one.words.summary, [one.words.detail, one.account].filter(Boolean).join(' · '), one, open)
    return
  }
  const group = new Group()
  for (const { topic, words } of all) group.add({ ...words, topic })
  const { detail } = group.notice()
  const names = [...new Set(all.map((one) => one.account))].join(', ')
  await show(`${all.length} notices`, `${detail} · ${names}`, { url: '/notices', actions: [] }, open)
}

async function show(
  title: string,
  body: string,
  { url, actions }: Pick<Outside, 'url' | 'actions'>,
  open: (url: string) => unknown,
) {
  const data = { url, urls: Object.fromEntries(actions.map((a) => [a.action, a.url])) }
  const options = { body, icon: '/favicon.svg', tag: `${title} ${body}` }
  const by = await registration()
  // With a worker they have buttons, and open the page also where its tab is gone.
  if (by?.active)
    return by.showNotification(title, {
      ...options,
      data,
      actions: actions.map(({ action, title }) => ({ action, title })),
    } as NotificationOptions)
  const notice = new Notification(title, options)
  shown.add(notice)
  notice.onclose = () => shown.delete(notice)
  notice.onclick = () => {
    window.focus()
    notice.close()
    open(url)
  }
}
const shown = new Set<Notification>()

/** Has what is pressed in one of them open its page. Returns how to end that. */
export function listenToWorker(open: (url: string) => unknown): () => void {
  const hear = ({ data }: MessageEvent) => {
    if (typeof data?.open === 'string' && /^\/(?!\/)/.test(data.open)) open(data.open)
  }
  navigator.serviceWorker?.addEventListener('message', hear)
  return () => navigator.serviceWorker?.removeEventListener('message', hear)
}

/** Takes them away: nothing of one user stays for the next. */
export async function clearOutside() {
  for (const notice of shown) notice.close()
  shown.clear()
  if (!canNotify()) return
  const by = await registration()
  for (const notice of (await by?.getNotifications().catch(() => [])) ?? []) notice.close()
}
