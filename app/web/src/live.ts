// One socket for all accounts. Each account has a cursor of its own: after a
// break the socket resumes from there, so that nothing is missed or told twice.

export interface LiveEvent {
  account_id: string
  cursor: number
  kind: string
  at: string
  data: unknown
}

interface Said {
  type: 'subscribed' | 'event' | 'unsubscribed' | 'error' | 'pong'
  account_id: string
  cursor: number
  code?: string
  reset?: boolean
  kind: string
  at: string
  data: unknown
}

export interface LiveHandlers {
  event(e: LiveEvent): void
  /** The state of the connection, for the indicator. */
  state(s: 'connecting' | 'live' | 'off'): void
  /** The server started the account's log anew: read everything again. */
  reset(account: string): void
  /** Events come from now on: what was read before this may lack one. */
  following(account: string): void
  /** The session has ended. */
  signedOut(): void
}

export class Live {
  private socket: WebSocket | null = null
  private cursors = new Map<string, number | undefined>()
  private attempt = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private stopped = true

  constructor(
    private readonly handlers: LiveHandlers,
    private readonly open: () => WebSocket = () => new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/ws`),
  ) {}

  start() {
    if (!this.stopped) return
    this.stopped = false
    this.connect()
  }

  stop() {
    this.stopped = true
    clearTimeout(this.timer)
    this.socket?.close()
    this.socket = null
    this.cursors.clear()
    this.handlers.state('off')
  }

  /** Follows exactly these accounts. */
  follow(accounts: string[]) {
    for (const id of accounts) {
      if (this.cursors.has(id)) continue
      this.cursors.set(id, undefined)
      this.subscribe(id)
    }
    for (const id of [...this.cursors.keys()]) {
      if (accounts.includes(id)) continue
      this.cursors.delete(id)
      this.send({ type: 'unsubscribe', account_id: id })
    }
  }

  private connect() {
    this.handlers.state('connecting')
    const socket = this.open()
    this.socket = socket
    socket.onopen = () => {
      this.attempt = 0
      this.handlers.state('live')
      for (const id of this.cursors.keys()) this.subscribe(id)
    }
    socket.onmessage = (m) => this.take(JSON.parse(String(m.data)) as Said)
    socket.onclose = (e) => {
      if (this.socket !== socket) return
      this.socket = null
      if (this.stopped) return
      if (e.code === 4401) {
        this.stop()
        this.handlers.signedOut()
        return
      }
      this.handlers.state('connecting')
      const wait = Math.min(500 * 2 ** this.attempt++, 15_000)
      this.timer = setTimeout(() => this.connect(), wait / 2 + Math.random() * wait)
    }
  }

  private take(m: Said) {
    if (!this.cursors.has(m.account_id)) return
    const last = this.cursors.get(m.account_id)
    switch (m.type) {
      case 'subscribed':
        this.cursors.set(m.account_id, m.cursor)
        if (m.reset) this.handlers.reset(m.account_id)
        else if (last === undefined) this.handlers.following(m.account_id)
        return
      case 'event':
        if (last !== undefined && m.cursor <= last) return // told already
        if (last !== undefined && m.cursor > last + 1) {
          this.subscribe(m.account_id) // a gap: ask again from the last one seen
          return
        }
        this.cursors.set(m.account_id, m.cursor)
        this.handlers.event(m)
        return
      case 'unsubscribed':
        if (m.code === 'database_unavailable') setTimeout(() => this.subscribe(m.account_id), 3000)
        return
    }
  }

  private subscribe(id: string) {
    if (this.cursors.has(id)) this.send({ type: 'subscribe', account_id: id, cursor: this.cursors.get(id) })
  }

  private send(message: unknown) {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(message))
  }
}
