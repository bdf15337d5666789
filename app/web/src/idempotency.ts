import { ApiError } from './api'

/** The idempotency key of a request that must be carried out once at most. It
 * stays the same as long as nobody knows what became of the request, so that
 * sending it again cannot do it twice. Another content gets another key. */
export class IdempotencyKey {
  private content = ''
  private key = ''

  /** The key to send this content with. */
  for(content: unknown): string {
    const text = JSON.stringify(content)
    if (text !== this.content) {
      this.content = text
      this.key = crypto.randomUUID()
    }
    return this.key
  }

  /** The request succeeded: the next one is another, even with the same content. */
  succeeded() {
    this.content = ''
  }

  /** A refused request is over. One whose fate is unknown, or that came too
   * early (429), keeps its key. */
  failed(e: unknown) {
    if (e instanceof ApiError && e.status >= 400 && e.status < 500 && e.status !== 429) this.content = ''
  }
}

const kept = new Map<string, IdempotencyKey>()

/** The same key for the same purpose, also after its dialog was closed and
 * opened again. */
export function idempotencyKeyFor(purpose: string): IdempotencyKey {
  const key = kept.get(purpose) ?? new IdempotencyKey()
  kept.set(purpose, key)
  return key
}
