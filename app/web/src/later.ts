import { defineAsyncComponent, onMounted, type Component } from 'vue'
import { useNotices } from './stores/notices'

const after = 1000 // ms: what the page shows first comes before

/** Stands in for what could not be loaded: says so, and closes it, so that it is tried again when it is opened again. */
const missing = {
  emits: ['close'],
  setup(_: object, { emit }: { emit: (event: 'close') => void }) {
    onMounted(() => {
      useNotices().add({
        severity: 'error',
        summary: 'This part of the page could not be loaded',
        detail: 'Check your connection and try again. If that does not help, load the page again.',
      })
      emit('close')
    })
    return () => null
  },
}

/** A component that nobody needs at first, such as a dialog: it is loaded a little later, or
 * when it is shown before. loading stands in its place meanwhile, and where it cannot be loaded. */
export function later<T extends Component>(load: () => Promise<{ default: T }>, loading?: Component): T {
  setTimeout(() => void load().catch(() => {}), after)
  return defineAsyncComponent<T>({
    loader: load,
    loadingComponent: loading,
    delay: 0,
    errorComponent: loading ?? missing,
  } as Parameters<typeof defineAsyncComponent<T>>[0])
}
