import { computed, ref, shallowRef } from 'vue'
import { explain } from '../api'

/** Actions on the rows of a list: several rows may be busy at a time, each with
 * one action. The failure, and its words in error, are those of the last action. */
export function useRowActions() {
  const busy = ref(new Set<string>())
  const failure = shallowRef<unknown>(null)
  const error = computed(() => (failure.value === null ? '' : explain(failure.value)))

  /** Runs an action on a row, unless one is running there. Reports whether it succeeded. */
  async function run(row: string, action: () => Promise<unknown>): Promise<boolean> {
    if (busy.value.has(row)) return false
    busy.value.add(row)
    failure.value = null
    try {
      await action()
      return true
    } catch (e) {
      failure.value = e
      return false
    } finally {
      busy.value.delete(row)
    }
  }

  return { busy, failure, error, run }
}
