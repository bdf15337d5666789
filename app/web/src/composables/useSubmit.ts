import { ref, shallowRef } from 'vue'
import { IdempotencyKey } from '../idempotency'

interface Options {
  /** Kept outside where a dialog that is opened again must send the same request. */
  key?: IdempotencyKey
  /** What the request is about, such as the account. If that has changed when
   * the answer comes, neither the answer nor an error is handed on. */
  subject?: () => unknown
}

/** What a form that sends a request has: whether it is busy, and the error of
 * the last try. While one request is on its way, another is not sent. */
export function useSubmit({ key = new IdempotencyKey(), subject = () => null }: Options = {}) {
  const busy = ref(false)
  const error = shallowRef<unknown>(null)

  /** Sends the request and hands its answer to done. A content that is sent
   * again after an unclear failure goes under the same idempotency key. */
  async function submit<T>(
    content: unknown,
    send: (idempotencyKey: string) => Promise<T>,
    done?: (answer: T) => unknown,
  ) {
    if (busy.value) return
    const asked = subject()
    busy.value = true
    error.value = null
    try {
      const answer = await send(key.for(content))
      key.succeeded()
      if (asked === subject()) await done?.(answer)
    } catch (e) {
      key.failed(e)
      if (asked === subject()) error.value = e
    } finally {
      busy.value = false
    }
  }

  return { busy, error, submit }
}
