import { explain } from '../api'
import { useNotices } from '../stores/notices'

/** Tells of a failure in a notice, for useSubmit: of a request whose form is gone, or shows another
 * account by then. what says what was asked for. */
export function useUnseen(what: () => string) {
  const notices = useNotices()
  return () => {
    const asked = what()
    return (e: unknown) =>
      notices.add({ severity: 'error', life: 15_000, summary: `${asked}: not done`, detail: explain(e) })
  }
}
