import type {
  ErrorMessage,
  LiveEvent,
  Pong,
  QuotesMessage,
  Snapshot,
  Subscribed,
  Unsubscribed,
} from './messages.gen.js'
import { Alarm, ownSocket, platform, report, type Connect, type Wire } from './wire.js'

/** Where a subscription begins: after a cursor, with the account's state, or,
 * with neither, now. */
export interface Place {
  /** A subscription's resume, or a number alone: then a database that came back older than it was may go unnoticed. */
  cursor?: number | string
  snapshot?: boolean
}

/** What a subscriber is told. Where a handler throws, what it was told is told again
 * after a while, and nothing that comes after it is told before. */
export interface Handlers {
  /** The next event of the account: each once, in order. */
  event(e: LiveEvent): void
  /** The account's state, when it was asked for or after a reset: what was known before is to be thrown away. */
  snapshot?(s: Snapshot): void
  /** Events come from now on: what was read before this may lack one. Not told when a break is over and nothing was missed. */
  following?(cursor: number): void
  /** The cursor could not be gone on from; a snapshot follows. */
  reset?(why: 'cursor_expired' | 'cursor_ahead'): void
  /** What the account holds, and what is watched besides, trades at, while it is watched; or with a code why that
   * is not known now. Quotes are no events: one that is missed is not told later. */
  quotes?(q: QuotesMessage): void
  /** The subscription has ended: there is no such account among yours, or no longer, or it cannot be subscribed to. */
  lost?(code: string, message: string): void
}

/** connecting: no connection is up, and one will be. live: one is. signed_out:
 * the session has ended, connect() begins again. closed: nothing is wanted. */
export type LiveState = 'connecting' | 'live' | 'signed_out' | 'closed'

export interface LiveOptions {
  /** wss://…/api/ws */
  url: string
  /** Sent along, where the platform can: Node can, browsers send their cookies. */
  headers?: Record<string, string>
  /** Opens the connection in place of the platform's WebSocket. */
  connect?: Connect
  state?(s: LiveState): void
  /** The server could not understand or serve something. With handler_failed, a handler has
   * thrown: without this function it is an error that nobody has caught. */
  error?(code: string, message: string): void
}

/** An account that is followed. */
export interface Subscription {
  readonly account: string
  /** The last event that was told; undefined before the subscription has begun. */
  readonly cursor: number | undefined
  /** The place after that event, to go on from another day: { cursor: resume }. */
  readonly resume: string | undefined
  /** Somebody looks: quotes come, of what the account holds and of these symbols besides (at most 50), until unwatch.
   * Calling it again changes the symbols. */
  watch(symbols?: string[]): void
  /** Nobody looks any more, as when a page is hidden: nothing is asked of Alpaca for it. */
  unwatch(): void
  unsubscribe(): void
}

type Said = QuotesMessage | Subscribed | Snapshot | LiveEvent | Unsubscribed | ErrorMessage | Pong

/** Codes of errors about a watch. */
const ofWatch = ['bad_symbols', 'not_subscribed', 'too_many_symbols']

const signedOut = 4401
const tooMany = 4429
const goingAway = 1001

/** In milliseconds. */
const times = {
  shortest: 500,
  longest: 15_000,
  crowded: 30_000,
  opening: 15_000,
  silence: 30_000,
  answer: 10_000,
  database: 3000,
  failed: 500, // doubling to longest
}

/** One connection for all accounts that are followed. Each has a cursor: after
 * a break it is gone on from there, so that nothing is missed or told twice. */
export class PaddockLive {
  private wire: Wire | undefined
  private readonly followed = new Map<string, Follower>()
  private readonly again = new Alarm(true) // connects: a program that follows something waits for it
  private readonly watch = new Alarm(false) // looks whether the connection is alive
  private attempt = 0
  private now: LiveState = 'closed'
  private readonly open: Connect
  private readonly online = () => this.hurry()

  constructor(private readonly options: LiveOptions) {
    this.open = options.connect ?? ownSocket(options.headers)
  }

  get state(): LiveState {
    return this.now
  }

  /** Connects, if it is not connected. Subscribing does so too. */
  connect() {
    if (this.now === 'connecting' || this.now === 'live') return
    platform.addEventListener?.('online', this.online)
    this.attempt = 0
    this.dial()
  }

  /** Ends the connection and every subscription. */
  close() {
    for (const f of this.followed.values()) f.ended()
    this.followed.clear()
    this.hangUp('closed')
  }

  /** Follows an account. One subscription an account: a second one is an error. */
  subscribe(account: string, handlers: Handlers, place: Place = {}): Subscription {
    account = account.toLowerCase() // as the server writes it
    if (this.followed.has(account)) throw new Error(`The account ${account} is followed already.`)
    const f = new Follower(
      account,
      handlers,
      place,
      (m) => this.send(m),
      () => this.followed.delete(account),
      (e) => this.failed(e),
    )
    this.followed.set(account, f)
    if (this.now === 'live') f.ask()
    else if (this.now === 'closed') this.connect()
    return f
  }

  /** The account's events, and snapshots, one after the other: for await (const e of live.events(id)) …
   * It ends when the loop is left, and throws when the account is lost, the session has ended or the
   * connection is closed. What comes faster than it is taken stays in the server's log. */
  async *events(account: string, place: Place = {}): AsyncGenerator<LiveEvent | Snapshot, void, undefined> {
    const waiting: (LiveEvent | Snapshot)[] = []
    let failed: Error | undefined
    let wake = () => {}
    let paused = false
    const take = (m: LiveEvent | Snapshot) => {
      waiting.push(m)
      wake()
      if (waiting.length >= 1000 && !paused) {
        paused = true
        this.followed.get(account.toLowerCase())?.pause()
      }
    }
    const lost = (code: string, message: string) => {
      failed = new Error(`${code}: ${message}`)
      wake()
    }
    const sub = this.subscribe(account, { event: take, snapshot: take, lost }, place) as Follower
    sub.closed = () => lost('closed', 'The connection was closed.')
    sub.signedOut = () => lost('signed_out', 'The session has ended.')
    if (this.now === 'signed_out') sub.signedOut()
    try {
      for (;;) {
        const next = waiting.shift()
        if (next) yield next
        else if (failed) throw failed
        else {
          if (paused) {
            paused = false
            sub.goOn()
          }
          await new Promise<void>((go) => (wake = go))
        }
      }
    } finally {
      sub.unsubscribe()
    }
  }

  private dial() {
    this.again.stop()
    this.become('connecting')
    let wire: Wire
    try {
      wire = this.open(this.options.url)
    } catch (e) {
      this.hangUp('closed')
      throw e
    }
    this.wire = wire
    this.watch.set(times.opening, () => this.drop())
    wire.onopen = () => {
      if (this.wire !== wire) return
      this.become('live')
      this.heard()
      for (const f of this.followed.values()) f.ask()
    }
    wire.onmessage = (e: { data: unknown }) => {
      if (this.wire !== wire) return
      this.heard()
      this.take(JSON.parse(String(e.data)) as Said)
    }
    wire.onerror = () => {} // a close follows
    wire.onclose = (e: { code: number }) => {
      if (this.wire === wire) this.broken(e.code)
    }
  }

  private take(m: Said) {
    if (m.type === 'error') {
      const refused = m.account_id === undefined ? undefined : this.followed.get(m.account_id.toLowerCase())
      // A watch that is refused ends no subscription.
      if (refused && !ofWatch.includes(m.code)) refused.refuse(m.code, m.message)
      else this.options.error?.(m.code, m.message)
    } else if (m.type !== 'pong') {
      this.attempt = 0 // the server serves: what breaks next is a new break
      this.followed.get(m.account_id)?.take(m)
    }
  }

  private broken(code: number) {
    this.wire = undefined
    this.watch.stop()
    for (const f of this.followed.values()) f.broken()
    if (code === signedOut) {
      this.hangUp('signed_out')
      for (const f of [...this.followed.values()]) f.signedOut()
      return
    }
    this.become('connecting')
    let wait = Math.min(times.shortest * 2 ** this.attempt++, times.longest)
    if (code === tooMany) wait = times.crowded
    if (code === goingAway) wait = times.shortest
    this.again.set(Math.random() * wait + (code === tooMany ? times.crowded : 0), () => this.dial())
  }

  /** A handler has thrown. */
  private failed(e: unknown) {
    if (this.options.error) this.options.error('handler_failed', String(e))
    else report(e)
  }

  /** Connects at once, where it waits to: the network, or the server, is back. */
  hurry() {
    if (this.now === 'connecting' && !this.wire) this.dial()
  }

  private hangUp(to: LiveState) {
    const wire = this.wire
    this.wire = undefined
    this.again.stop()
    this.watch.stop()
    platform.removeEventListener?.('online', this.online)
    wire?.close()
    this.become(to)
  }

  private become(to: LiveState) {
    if (this.now === to) return
    this.now = to
    this.options.state?.(to)
  }

  /** Gives up a connection that does not answer. */
  private drop() {
    const dead = this.wire
    this.broken(0)
    dead?.close()
  }

  /** Something was heard: the connection is alive, and looked at again later. */
  private heard() {
    this.watch.set(times.silence, () => {
      this.send({ type: 'ping' })
      this.watch.set(times.answer, () => this.drop())
    })
  }

  private send(message: unknown) {
    if (this.wire?.readyState === 1) this.wire.send(JSON.stringify(message))
  }
}

/** The state of one subscription. */
class Follower implements Subscription {
  cursor: number | undefined
  resume: string | undefined
  closed = () => {} // the whole connection was
  signedOut = () => {}
  private begun = false
  private asked = false // and not answered: events until then are of the place before
  private over = false
  private held = false
  private failing = false // a handler has thrown: nothing is told until it is asked for again
  private failures = 0 // in a row
  private there = false // the server was asked for the account on this connection, and has not ended it
  private symbols: string[] | undefined // that are watched besides what is held; undefined where nobody looks
  private readonly again = new Alarm(false)

  constructor(
    readonly account: string,
    private readonly handlers: Handlers,
    private readonly place: Place,
    private readonly send: (message: unknown) => void,
    private readonly forget: () => void,
    private readonly failed: (e: unknown) => void,
  ) {
    if (place.cursor === undefined) return
    this.resume = String(place.cursor)
    this.cursor = Number.parseInt(this.resume, 10)
  }

  /** Asks for what comes after the last event that was told. */
  ask() {
    if (this.over || this.held) return
    this.again.stop()
    this.asked = this.there = true
    this.failing = false
    const from = this.resume !== undefined ? { cursor: this.resume } : this.place.snapshot ? { snapshot: true } : {}
    this.send({ type: 'subscribe', account_id: this.account, ...from })
    this.askQuotes()
  }

  watch(symbols: string[] = []) {
    this.symbols = symbols
    this.askQuotes()
  }

  unwatch() {
    if (this.symbols && this.there) this.send({ type: 'unwatch', account_id: this.account })
    this.symbols = undefined
  }

  private askQuotes() {
    if (this.symbols && this.there) this.send({ type: 'watch', account_id: this.account, symbols: this.symbols })
  }

  /** The connection is gone. */
  broken() {
    this.asked = this.there = false
    this.again.stop()
  }

  take(m: QuotesMessage | Subscribed | Snapshot | LiveEvent | Unsubscribed) {
    if (m.type === 'quotes') return this.takeQuotes(m)
    if (this.over || (this.failing && m.type !== 'unsubscribed')) return
    try {
      this.tell(m)
    } catch (e) {
      if (!this.over) {
        this.failing = true
        const wait = Math.min(times.failed * 2 ** this.failures++, times.longest)
        this.again.set(wait * (0.5 + Math.random()), () => this.ask())
      }
      this.failed(e)
    }
  }

  /** A handler that throws costs no event: the next quotes are newer. */
  private takeQuotes(m: QuotesMessage) {
    if (this.over || !this.symbols) return
    try {
      this.handlers.quotes?.(m)
    } catch (e) {
      this.failed(e)
    }
  }

  /** Tells the handlers, and goes on only where none has thrown. */
  private tell(m: Subscribed | Snapshot | LiveEvent | Unsubscribed) {
    switch (m.type) {
      case 'subscribed':
        this.asked = false
        if (m.reset) this.handlers.reset?.(m.code ?? 'cursor_expired')
        else if (this.cursor === undefined ? !this.place.snapshot : this.cursor === m.cursor) this.goTo(m)
        if (!this.begun && !m.reset && !this.place.snapshot) this.handlers.following?.(m.cursor)
        this.begun = true
        return
      case 'snapshot':
        this.handlers.snapshot?.(m)
        this.goTo(m)
        this.failures = 0
        return
      case 'event':
        if (this.asked || this.held || this.cursor === undefined || m.cursor <= this.cursor) return
        if (m.cursor > this.cursor + 1) return this.ask() // a gap
        this.handlers.event(m)
        this.goTo(m)
        this.failures = 0
        return
      case 'unsubscribed':
        this.asked = false
        if (m.code === 'asked') return
        this.there = false
        if (m.code === 'cursor_expired' || m.code === 'cursor_ahead') return this.ask() // a snapshot comes
        if (m.code === 'database_unavailable')
          return this.again.set(times.database * (0.5 + Math.random()), () => this.ask())
        this.refuse(m.code, m.message)
    }
  }

  /** The server does not serve this subscription. */
  refuse(code: string, message: string) {
    if (this.over) return
    this.over = true
    this.there = false
    this.again.stop()
    this.forget()
    try {
      this.handlers.lost?.(code, message)
    } catch (e) {
      this.failed(e)
    }
  }

  private goTo(m: { cursor: number; resume: string }) {
    this.cursor = m.cursor
    this.resume = m.resume
  }

  /** Leaves what comes in the server's log for now. */
  pause() {
    if (this.over || this.held) return
    this.held = true
    this.there = false
    this.again.stop()
    this.send({ type: 'unsubscribe', account_id: this.account })
  }

  goOn() {
    this.held = false
    this.ask()
  }

  unsubscribe() {
    if (this.over) return
    this.ended()
    this.forget()
    this.send({ type: 'unsubscribe', account_id: this.account })
  }

  ended() {
    if (this.over) return
    this.over = true
    this.there = false
    this.again.stop()
    this.closed()
  }
}
