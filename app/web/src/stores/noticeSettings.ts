import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { auth } from '../auth'
import { isQuietHour, type QuietHours } from '../quiet'
import type { Told } from '../topics'

/** How a user is told of what happens, on this device. */
export interface NoticeSettings {
  /** Of what nothing is told. */
  off: Told[]
  /** Whether accounts are told of that are not shown. */
  others: boolean
  hours: QuietHours | null
  /** Until when nothing is told, in ms. */
  quietUntil: number
  sound: boolean
  /** Whether the browser tells, where nobody sees the page. */
  browser: boolean
}

const usual = (): NoticeSettings => ({
  off: [],
  others: true,
  hours: null,
  quietUntil: 0,
  sound: false,
  browser: false,
})

/** The settings of notices stay on the device: whether it may make a sound, or show notices of its
 * own, is another question on each. Each user has theirs. */
export const useNoticeSettings = defineStore('noticeSettings', () => {
  const session = auth.useSession()
  const user = computed(() => session.value.data?.user.id ?? '')
  const key = computed(() => `paddock.notices.${user.value}`)
  const settings = ref(usual())

  // Not useStorage of VueUse: where the key changes to one of which nothing is stored, it goes on
  // with what stood under the key before, which is another user's.
  let reading = false
  function read() {
    reading = true
    settings.value = { ...usual(), ...kept() }
    reading = false
  }
  function kept(): Partial<NoticeSettings> {
    try {
      return JSON.parse(localStorage.getItem(key.value) ?? '{}') as Partial<NoticeSettings>
    } catch {
      return {} // as by default
    }
  }
  watch(key, read, { immediate: true, flush: 'sync' })
  watch(
    settings,
    () => {
      if (!reading && user.value) localStorage.setItem(key.value, JSON.stringify(settings.value))
    },
    { deep: true, flush: 'sync' },
  )
  globalThis.addEventListener?.('storage', (e) => e.key === key.value && read()) // of another tab

  const now = ref(Date.now())
  setInterval(() => (now.value = Date.now()), 10_000)

  /** Whether nothing is told at the moment. What happens is in the history all the same. */
  function isQuiet(at = Date.now()) {
    return at < settings.value.quietUntil || isQuietHour(settings.value.hours, new Date(at))
  }
  const quiet = computed(() => isQuiet(now.value))

  /** Tells nothing for so long. */
  function beQuiet(ms: number) {
    now.value = Date.now()
    settings.value.quietUntil = ms ? now.value + ms : 0
  }

  /** Whether a topic is told of, of an account that is shown or of another one. */
  const wants = (topic: Told, isShown: boolean) =>
    !settings.value.off.includes(topic) && (isShown || settings.value.others)

  return { user, settings, quiet, isQuiet, beQuiet, wants }
})
