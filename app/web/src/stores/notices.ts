import Decimal from 'decimal.js'
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { change } from '../money'

export interface Notice {
  severity: 'success' | 'info' | 'warn' | 'error'
  summary: string
  detail?: string
  life?: number
  /** What it is of, for when many come at once. */
  kind?: 'fill' | 'refusal' | 'guard' | 'approval'
  /** What a fill brought in, below 0 for what it cost. */
  net?: string
}

const most = 3 // at once, so that they do not bury the page
const lasts = 8000 // ms
const plurals = {
  fill: 'fills',
  refusal: 'refusals',
  guard: 'of the guards',
  approval: 'for approval',
  other: 'others',
}
const singular = { ...plurals, fill: 'fill', refusal: 'refusal', other: 'other' }

/** Many notices as one: 34 more notices, 30 fills, net −1,204.00 · 4 refusals. */
export function grouped(notices: Notice[]) {
  const kinds = new Map<keyof typeof plurals, Notice[]>()
  for (const n of notices) kinds.set(n.kind ?? 'other', [...(kinds.get(n.kind ?? 'other') ?? []), n])
  const parts = [...kinds].map(([kind, list]) => {
    const net = list.reduce((sum, n) => sum.plus(n.net ?? 0), new Decimal(0))
    const words = `${list.length} ${(list.length === 1 ? singular : plurals)[kind]}`
    return kind === 'fill' ? `${words}, net ${change(net.toFixed())}` : words
  })
  const severities = new Set(notices.map((n) => n.severity))
  const severity = (['error', 'warn', 'success', 'info'] as const).find((s) => severities.has(s)) ?? 'info'
  return { severity, summary: `${notices.length} more notices`, detail: parts.join(' · ') }
}

export interface Shown extends Notice {
  id: number
  of: Notice[] // what it stands for: itself, or all of a group
}

/** The notices at the edge of the page: three at most, and the last of them stands for all that
 * would be more. */
export const useNotices = defineStore('notices', () => {
  const shown = ref<Shown[]>([])
  const timers = new Map<number, ReturnType<typeof setTimeout>>()
  let held = false // somebody reads them
  let ids = 0

  function add(notice: Notice) {
    const last = shown.value[most - 1]
    if (!last) return put([notice], notice)
    const of = [...last.of, notice]
    if (last.of.length === 1) {
      remove(last.id)
      return put(of, grouped(of))
    }
    Object.assign(last, grouped(of), { of })
    wait(last)
  }

  function put(of: Notice[], notice: Notice) {
    const one = { ...notice, id: ++ids, of }
    shown.value.push(one)
    wait(one)
  }

  /** It stands as long as it should from now on. */
  function wait(one: Shown) {
    clearTimeout(timers.get(one.id))
    if (!held)
      timers.set(
        one.id,
        setTimeout(() => remove(one.id), one.life ?? lasts),
      )
  }

  function remove(id: number) {
    clearTimeout(timers.get(id))
    timers.delete(id)
    shown.value = shown.value.filter((one) => one.id !== id)
  }

  /** None goes while somebody reads them. */
  function hold(reads: boolean) {
    held = reads
    for (const timer of timers.values()) clearTimeout(timer)
    if (!reads) for (const one of shown.value) wait(one)
  }

  /** Nothing of one user stays for the next. */
  function clear() {
    held = false
    for (const one of shown.value) remove(one.id)
  }

  return { shown, add, remove, hold, clear }
})
