import { describe, expect, it, vi } from 'vitest'
import { Live, type LiveEvent } from './live'

class FakeSocket {
  readyState = 0
  sent: { type: string; account_id: string; cursor?: number }[] = []
  onopen = () => {}
  onmessage: (m: { data: string }) => void = () => {}
  onclose: (e: { code: number }) => void = () => {}
  send(text: string) { this.sent.push(JSON.parse(text)) }
  close() { this.readyState = 3 }
  up() { this.readyState = 1; this.onopen() }
  say(m: unknown) { this.onmessage({ data: JSON.stringify(m) }) }
}

function setUp() {
  const sockets: FakeSocket[] = []
  const events: LiveEvent[] = []
  const signedOut = vi.fn()
  const following = vi.fn()
  const live = new Live({ event: (e) => events.push(e), state: () => {}, reset: () => {}, following, signedOut }, () => {
    const s = new FakeSocket()
    sockets.push(s)
    return s as unknown as WebSocket
  })
  return { live, sockets, events, following, signedOut }
}
const event = (cursor: number, account_id = 'a') => ({ type: 'event', account_id, cursor, kind: 'order', at: '', data: {} })

describe('Live', () => {
  it('resumes each account from its last cursor after a break', () => {
    vi.useFakeTimers()
    const { live, sockets, events } = setUp()
    live.start()
    live.follow(['a', 'b'])
    sockets[0]!.up()
    sockets[0]!.say({ type: 'subscribed', account_id: 'a', cursor: 4 })
    sockets[0]!.say(event(5))
    sockets[0]!.onclose({ code: 1006 })
    vi.advanceTimersByTime(60_000)
    sockets[1]!.up()
    expect(sockets[1]!.sent).toEqual([{ type: 'subscribe', account_id: 'a', cursor: 5 }, { type: 'subscribe', account_id: 'b' }])
    expect(events).toHaveLength(1)
    vi.useRealTimers()
  })

  it('says when it begins to follow an account, and not when it only resumes', () => {
    const { live, sockets, following } = setUp()
    live.start()
    live.follow(['a'])
    sockets[0]!.up()
    sockets[0]!.say({ type: 'subscribed', account_id: 'a', cursor: 4 })
    sockets[0]!.say({ type: 'subscribed', account_id: 'a', cursor: 4 })
    expect(following.mock.calls).toEqual([['a']])
  })

  it('tells each event once, in order, and asks again at a gap', () => {
    const { live, sockets, events } = setUp()
    live.start()
    live.follow(['a'])
    sockets[0]!.up()
    sockets[0]!.say({ type: 'subscribed', account_id: 'a', cursor: 0 })
    for (const n of [1, 1, 2, 4]) sockets[0]!.say(event(n))
    expect(events.map((e) => e.cursor)).toEqual([1, 2])
    expect(sockets[0]!.sent.at(-1)).toEqual({ type: 'subscribe', account_id: 'a', cursor: 2 })
  })

  it('tells nothing of an account that it does not follow', () => {
    const { live, sockets, events } = setUp()
    live.start()
    live.follow(['a'])
    sockets[0]!.up()
    sockets[0]!.say(event(1, 'foreign'))
    expect(events).toEqual([])
  })

  it('does not come back when the session has ended', () => {
    const { live, sockets, signedOut } = setUp()
    live.start()
    sockets[0]!.up()
    sockets[0]!.onclose({ code: 4401 })
    expect(signedOut).toHaveBeenCalled()
    expect(sockets).toHaveLength(1)
  })
})
