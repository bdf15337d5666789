import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'

interface Entry {
  cursor: number
  mark: number // another event of the same number has another one
  data: { n: number }
}

/** A server that speaks the protocol over real sockets, and misbehaves when it
 * is told to. */
export class Server {
  private readonly server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  readonly logs = new Map<string, Entry[]>()
  readonly dropped = new Map<string, number>() // the newest event that is no longer kept
  readonly heard: { type: string; account_id?: string; cursor?: number | string; symbols?: string[] }[] = []
  private readonly places = new Map<WebSocket, Map<string, number>>()
  private marks = 0
  refuses: number | undefined // closes each connection at once, with this code
  deaf = false // answers nothing any more, and does not hang up

  constructor(private readonly fault: () => 'drop' | 'gap' | 'double' | 'close' | undefined = () => undefined) {
    this.server.on('connection', (socket) => {
      if (this.refuses !== undefined) return socket.close(this.refuses)
      this.places.set(socket, new Map())
      socket.on('message', (text) => this.hear(socket, JSON.parse(String(text))))
      socket.on('close', () => this.places.delete(socket))
    })
  }

  async url(): Promise<string> {
    if (!this.server.address()) await new Promise((go) => this.server.once('listening', go))
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}/api/ws`
  }

  log(account: string): Entry[] {
    let log = this.logs.get(account)
    if (!log) this.logs.set(account, (log = []))
    return log
  }

  write(account: string) {
    const log = this.log(account)
    log.push({ cursor: log.length + 1, mark: ++this.marks, data: { n: log.length + 1 } })
    for (const socket of this.places.keys()) this.deliver(socket, account)
  }

  private hear(
    socket: WebSocket,
    m: { type: string; account_id: string; cursor?: number | string; snapshot?: boolean },
  ) {
    this.heard.push(m)
    if (this.deaf) return
    const places = this.places.get(socket)!
    if (m.type === 'ping') return this.say(socket, { type: 'pong' })
    if (m.type === 'unsubscribe') {
      places.delete(m.account_id)
      return this.say(socket, { type: 'unsubscribed', account_id: m.account_id, code: 'asked', message: '' })
    }
    if (m.type === 'watch' || m.type === 'unwatch') return
    if (m.account_id === 'malformed')
      return this.say(socket, { type: 'error', account_id: 'malformed', code: 'bad_message', message: 'not a UUID' })
    if (m.account_id === 'foreign')
      return this.say(socket, {
        type: 'unsubscribed',
        account_id: m.account_id,
        code: 'account_forbidden',
        message: 'not yours',
      })
    const head = this.log(m.account_id).length
    const [number, mark] = String(m.cursor ?? head).split('-')
    const from = Number(number)
    const reset =
      from < (this.dropped.get(m.account_id) ?? 0)
        ? 'cursor_expired'
        : from > head || (mark && this.resume(m.account_id, from) !== m.cursor)
          ? 'cursor_ahead'
          : undefined
    const at = reset ? head : from
    places.set(m.account_id, at)
    this.say(socket, {
      type: 'subscribed',
      account_id: m.account_id,
      cursor: at,
      resume: this.resume(m.account_id, at),
      ...(reset && { reset: true, code: reset }),
    })
    if (reset || m.snapshot)
      this.say(socket, {
        type: 'snapshot',
        account_id: m.account_id,
        cursor: head,
        resume: this.resume(m.account_id, head),
        at: '',
        data: {},
      })
    this.deliver(socket, m.account_id)
  }

  private resume(account: string, cursor: number) {
    const entry = this.log(account)[cursor - 1]
    return entry ? `${cursor}-${entry.mark}` : String(cursor)
  }

  /** The database comes back without the last events, and with others. Who follows the account is told. */
  comeBackOlder(account: string, events: number, others: number) {
    this.log(account).length = events
    for (let i = 0; i < others; i++) {
      const cursor = this.log(account).length + 1
      this.log(account).push({ cursor, mark: ++this.marks, data: { n: cursor } })
    }
    for (const [socket, places] of this.places) {
      if (!places.delete(account)) continue
      this.say(socket, { type: 'unsubscribed', account_id: account, code: 'cursor_ahead', message: '' })
    }
  }

  private deliver(socket: WebSocket, account: string) {
    const places = this.places.get(socket)
    if (this.deaf || places?.get(account) === undefined) return
    for (const entry of this.log(account).slice(places.get(account))) {
      const fault = this.fault()
      if (fault === 'drop') return socket.terminate()
      if (fault === 'close') return socket.close([1001, 4408][entry.cursor % 2])
      places.set(account, entry.cursor)
      if (fault === 'gap') continue // lost on the way
      const event = {
        type: 'event',
        account_id: account,
        cursor: entry.cursor,
        resume: this.resume(account, entry.cursor),
        kind: 'agent_log',
        at: '',
        data: entry.data,
      }
      this.say(socket, event)
      if (fault === 'double') this.say(socket, event)
    }
  }

  private say(socket: WebSocket, m: unknown) {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(m))
  }

  /** Says something of its own to everybody. */
  tell(m: unknown) {
    for (const socket of this.places.keys()) this.say(socket, m)
  }

  hangUp(code: number) {
    for (const socket of this.places.keys()) socket.close(code)
  }

  stop() {
    for (const socket of this.places.keys()) socket.terminate()
    this.server.close()
  }
}
