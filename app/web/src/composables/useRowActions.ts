import { ref } from 'vue'
import { explain } from '../api'

/** Actions on the rows of a list: several rows may be busy at a time, each with
 * one action. The error, in words, is that of the last action. */
export function useRowActions() {
  const busy = ref(new Set<string>())
  const error = ref('')

  /** Runs an action on a row, unless one is running there. Reports whether it succeeded. */
  async function run(row: string, action: () => Promise<unknown>): Promise<boolean> {
    if (busy.value.has(row)) return false
    busy.value.add(row)
    error.value = ''
    try {
      await action()
      return true
    } catch (e) {
      error.value = explain(e)
      return false
    } finally {
      busy.value.delete(row)
    }
  }

  return { busy, error, run }
}
