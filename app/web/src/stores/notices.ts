import Decimal from 'decimal.js'
import { defineStore } from 'pinia'
import { markRaw, ref, type Raw } from 'vue'
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
const worstFirst = ['error', 'warn', 'success', 'info'] as const

/** Many notices as one: 34 more notices, 30 fills, net −1,204.00 · 4 refusals. One more costs as
 * little however many there are. */
export class Group {
  private count = 0
  private severity: Notice['severity'] = 'info'
  private readonly kinds = new Map<keyof typeof plurals, { count: number; net: Decimal }>()

  add(n: Notice): this {
    const kind = n.kind ?? 'other'
    const known = this.kinds.get(kind) ?? { count: 0, net: new Decimal(0) }
    this.kinds.set(kind, { count: known.count + 1, net: known.net.plus(n.net ?? 0) })
    this.severity = worstFirst.find((s) => s === n.severity || s === this.severity)!
    this.count++
    return this
  }

  notice() {
    const parts = [...this.kinds].map(([kind, { count, net }]) => {
      const words = `${count} ${(count === 1 ? singular : plurals)[kind]}`
      return kind === 'fill' ? `${words}, net ${change(net.toFixed())}` : words
    })
    return { severity: this.severity, summary: `${this.count} more notices`, detail: parts.join(' · ') }
  }
}

export interface Shown extends Notice {
  id: number
  group?: Raw<Group> // what it stands for, where it is more than itself
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
    if (!last) return put(notice)
    if (!last.group) {
      remove(last.id)
      const group = markRaw(new Group().add(last).add(notice))
      return put(group.notice(), group)
    }
    Object.assign(last, last.group.add(notice).notice())
    wait(last)
  }

  function put(notice: Notice, group?: Raw<Group>) {
    const one = { ...notice, id: ++ids, group }
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
