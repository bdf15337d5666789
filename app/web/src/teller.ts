// Of several tabs of one user one tells: it makes the sound, and shows the browser's notices where
// no tab is seen. Web Locks say which: whoever holds the lock is the one, and when its tab is gone
// the next one is. Where the platform has none, as without TLS, no tab shows the browser's notices.

/** A tab among those of a user. */
export class Teller {
  /** Whether this tab is the one that tells. */
  is = false
  private over = new AbortController()
  private leave = () => {}

  constructor(
    private readonly user: string,
    private readonly locks: LockManager | undefined = globalThis.navigator?.locks,
  ) {
    void locks
      ?.request(`paddock.tells.${user}`, { signal: this.over.signal }, () => {
        this.is = true
        return new Promise<void>((done) => this.over.signal.addEventListener('abort', () => done()))
      })
      .catch(() => {}) // it was over before
  }

  /** Says whether somebody sees this tab. */
  see(seen: boolean) {
    this.leave()
    this.leave = () => {}
    if (!seen || this.over.signal.aborted) return
    const gone = new AbortController()
    void this.locks
      ?.request(
        `paddock.seen.${this.user}`,
        { mode: 'shared', signal: gone.signal },
        () => new Promise<void>((done) => gone.signal.addEventListener('abort', () => done())),
      )
      .catch(() => {})
    this.leave = () => gone.abort()
  }

  /** Whether somebody sees one of the user's tabs. */
  async isSeen(): Promise<boolean> {
    const all = await this.locks?.query()
    return Boolean(all?.held?.some((lock) => lock.name === `paddock.seen.${this.user}`))
  }

  /** Leaves the others to it: who has signed out is told nothing. */
  end() {
    this.leave()
    this.over.abort()
    this.is = false
  }
}
