import { computed, shallowRef } from 'vue'

/** The rows that are chosen in a list, by their ids. */
export function useSelection() {
  const ids = shallowRef<ReadonlySet<string>>(new Set())
  const count = computed(() => ids.value.size)
  let anchor: string | null = null // from where Shift chooses

  function put(change: (all: Set<string>) => void) {
    const all = new Set(ids.value)
    change(all)
    ids.value = all
  }

  /** Chooses a row, or leaves it out. With range all between it and the one before become like it; rows are those
   * that can be chosen, in their order. */
  function toggle(id: string, range: boolean, rows: readonly string[]) {
    const on = !ids.value.has(id)
    const from = range && anchor !== null ? rows.indexOf(anchor) : -1
    const to = rows.indexOf(id)
    const meant = from >= 0 && to >= 0 ? rows.slice(Math.min(from, to), Math.max(from, to) + 1) : [id]
    put((all) => meant.forEach((one) => (on ? all.add(one) : all.delete(one))))
    anchor = id
  }

  /** Chooses exactly these. */
  function only(rows: Iterable<string>) {
    ids.value = new Set(rows)
    anchor = null
  }

  /** Leaves out what is not among these any more. */
  function keep(rows: ReadonlySet<string>) {
    if ([...ids.value].some((id) => !rows.has(id))) ids.value = new Set([...ids.value].filter((id) => rows.has(id)))
  }
  return { ids, count, toggle, only, keep, clear: () => only([]) }
}
