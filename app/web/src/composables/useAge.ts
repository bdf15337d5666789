import { useNow } from '@vueuse/core'
import { computed } from 'vue'

export type Age = 'fresh' | 'old' | 'stale'

const old = 15_000 // ms after which a figure is no longer called current
const stale = 60_000

export function ageOf(at: Date | null, now: Date): Age {
  const ms = at ? now.getTime() - at.getTime() : 0
  return ms > stale ? 'stale' : ms > old ? 'old' : 'fresh'
}

/** 12 s, 3 min, 2 h. */
export function ageWords(at: Date, now: Date): string {
  const s = Math.max(0, Math.round((now.getTime() - at.getTime()) / 1000))
  if (s < 120) return `${s} s`
  return s < 7200 ? `${Math.floor(s / 60)} min` : `${Math.floor(s / 3600)} h`
}

/** How old what was read at a time is, and in words once it is not fresh any more. It changes by itself. */
export function useAge(at: () => Date | null) {
  const now = useNow({ interval: 1000 })
  const age = computed(() => ageOf(at(), now.value))
  const words = computed(() => (age.value === 'fresh' ? '' : ageWords(at()!, now.value)))
  return { age, words }
}
