import { getCurrentScope, onScopeDispose, ref, shallowRef } from 'vue'
import { IdempotencyKey } from '../idempotency'

interface Options {
  /** Kept outside where a dialog that is opened again must send the same request. */
  key?: IdempotencyKey
  /** What the request is about, such as the account. If that has changed when
   * the answer comes, neither the answer nor an error is handed on. */
  subject?: () => unknown
  /** Asked when a request is sent; what it returns takes the error that nobody sees in this form
   * any more. Without it such an error is dropped. */
  unseen?: () => (e: unknown) => void
}

/** What a form that sends a request has: whether it is busy, and the error of
 * the last try. While one request is on its way, another is not sent. */
export function useSubmit({ key = new IdempotencyKey(), subject = () => null, unseen }: Options = {}) {
  const busy = ref(false)
  const error = shallowRef<unknown>(null)
  let gone = false
  if (getCurrentScope()) onScopeDispose(() => (gone = true))

  /** Sends the request and hands its answer to done, or to late where that comes too late. A content
   * that is sent again after an unclear failure goes under the same idempotency key. */
  async function submit<T>(
    content: unknown,
    send: (idempotencyKey: string) => Promise<T>,
    done?: (answer: T) => unknown,
    late?: (answer: T) => unknown,
  ) {
    if (busy.value) return
    const asked = subject()
    const tell = unseen?.()
    busy.value = true
    error.value = null
    try {
      const answer = await send(key.for(content))
      key.succeeded()
      await (asked === subject() ? done : late)?.(answer)
    } catch (e) {
      key.failed(e)
      if (asked === subject() && !gone) error.value = e
      else tell?.(e)
    } finally {
      busy.value = false
    }
  }

  return { busy, error, submit }
}
