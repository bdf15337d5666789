import { ApiError } from './api'

/** The name of a request that must be carried out once at most. It stays the
 * same as long as nobody knows what became of the request, so that sending it
 * again cannot do it twice; another content gets another name. */
export class Once {
  private content = ''
  private key = ''

  of(content: unknown): string {
    const text = JSON.stringify(content)
    if (text !== this.content) {
      this.content = text
      this.key = crypto.randomUUID()
    }
    return this.key
  }

  /** The server answered: what follows is another request, be it alike. */
  done() {
    this.content = ''
  }

  /** A refused request is over; one whose fate is unknown, or that was only too
   * early, keeps its name. */
  failed(e: unknown) {
    if (e instanceof ApiError && e.status >= 400 && e.status < 500 && e.status !== 429) this.done()
  }
}

const kept = new Map<string, Once>()

/** The same one for the same purpose, also when its dialog was closed and is
 * opened again meanwhile. */
export function onceFor(purpose: string): Once {
  const once = kept.get(purpose) ?? new Once()
  kept.set(purpose, once)
  return once
}
