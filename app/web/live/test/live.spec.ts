import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { PaddockLive, type LiveEvent, type LiveState, type Wire } from '../src/index'
import { Server } from './server'

/** Numbers that follow from a seed: a failure can be had again. */
function random(seed: number) {
  return () => {
    seed = (seed * 1664525 + 1013904223) % 2 ** 32
    return seed / 2 ** 32
  }
}

let server: Server
let live: PaddockLive
let states: LiveState[]

async function setUp(made = new Server()) {
  server = made
  states = []
  live = new PaddockLive({
    url: await server.url(),
    connect: (url) => new WebSocket(url),
    state: (s) => states.push(s),
  })
}

const until = (check: () => boolean) =>
  vi.waitFor(
    () => {
      if (!check()) throw new Error('not yet')
    },
    { timeout: 15_000, interval: 5 },
  )

beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0.01)
}) // it waits little
afterEach(() => {
  live.close()
  server.stop()
  vi.restoreAllMocks()
})

describe('PaddockLive', () => {
  it.each([1, 2, 3])(
    'tells each event once and in order, whatever breaks (seed %i)',
    async (seed) => {
      const next = random(seed)
      let faults = 0
      await setUp(
        new Server(() => {
          const dice = next()
          const fault =
            dice < 0.04 ? 'drop' : dice < 0.06 ? 'close' : dice < 0.12 ? 'gap' : dice < 0.2 ? 'double' : undefined
          if (fault && faults++ < 300) return fault
        }),
      )
      const told = new Map<string, number[]>()
      for (const account of ['a', 'b', 'c']) {
        told.set(account, [])
        live.subscribe(account, { event: (e) => told.get(account)!.push(e.cursor) }, { cursor: 0 })
      }
      for (let i = 0; i < 1200; i++) {
        server.write(['a', 'b', 'c'][Math.floor(next() * 3)]!)
        if (i % 20 === 0) await new Promise((go) => setTimeout(go, 5))
      }
      // A gap at the very end shows with the event after it.
      await until(() => {
        for (const account of told.keys())
          if (told.get(account)!.length < server.log(account).length) server.write(account)
        return [...told].every(([account, events]) => events.length >= server.log(account).length)
      })
      for (const [account, events] of told) expect(events).toEqual(server.log(account).map((e) => e.cursor))
      expect(faults).toBeGreaterThan(100)
    },
    30_000,
  )

  it('begins now, after a cursor, or with a snapshot', async () => {
    await setUp()
    server.write('a')
    const seen: string[] = []
    const follow = (account: string, place = {}) =>
      live.subscribe(
        account,
        {
          event: (e) => seen.push(`${account} event ${e.cursor}`),
          following: (c) => seen.push(`${account} following ${c}`),
          snapshot: (s) => seen.push(`${account} snapshot ${s.cursor}`),
          reset: (why) => seen.push(`${account} reset ${why}`),
        },
        place,
      )
    const sub = follow('a')
    follow('b', { cursor: 7 })
    follow('c', { snapshot: true })
    await until(() => seen.length === 4)
    expect(seen.sort()).toEqual(['a following 1', 'b reset cursor_ahead', 'b snapshot 0', 'c snapshot 0'])
    server.write('a')
    await until(() => sub.cursor === 2)
    server.hangUp(1001)
    await until(() => states.join() === 'connecting,live,connecting,live')
    server.write('a')
    await until(() => seen.includes('a event 3'))
    expect(seen.filter((s) => s.includes('following'))).toHaveLength(1)
  })

  it('starts again from a snapshot when its events are no longer kept', async () => {
    await setUp()
    for (let i = 0; i < 5; i++) server.write('a')
    server.dropped.set('a', 3)
    const seen: string[] = []
    live.subscribe(
      'a',
      {
        event: (e) => seen.push(`event ${e.cursor}`),
        snapshot: (s) => seen.push(`snapshot ${s.cursor}`),
        reset: (why) => seen.push(why),
      },
      { cursor: 1 },
    )
    await until(() => seen.length === 2)
    server.write('a')
    await until(() => seen.length === 3)
    expect(seen).toEqual(['cursor_expired', 'snapshot 5', 'event 6'])
  })

  it.each([0, 2, 6])(
    'starts again from a snapshot when the database came back older, and has %i other events',
    async (others) => {
      await setUp()
      for (let i = 0; i < 4; i++) server.write('a')
      const seen: string[] = []
      const sub = live.subscribe(
        'a',
        {
          event: (e) => seen.push(`event ${e.cursor}`),
          snapshot: (s) => seen.push(`snapshot ${s.cursor}`),
          reset: (why) => seen.push(why),
        },
        { cursor: 3 },
      )
      await until(() => seen.length === 1)
      const kept = sub.resume
      server.comeBackOlder('a', 2, others)
      await until(() => seen.length === 3)
      server.write('a')
      await until(() => seen.length === 4)
      expect(seen).toEqual(['event 4', 'cursor_ahead', `snapshot ${2 + others}`, `event ${3 + others}`])
      sub.unsubscribe()

      // What was kept for another day is noticed as well.
      seen.length = 0
      live.subscribe('a', { event: () => {}, reset: (why) => seen.push(why) }, { cursor: kept! })
      await until(() => seen.length === 1)
      expect(seen).toEqual(['cursor_ahead'])
    },
  )

  it('ends with the session, and begins again when it is told to', async () => {
    await setUp()
    live.subscribe('a', { event: () => {} })
    await until(() => live.state === 'live')
    server.hangUp(4401)
    await until(() => live.state === 'signed_out')
    await new Promise((go) => setTimeout(go, 100))
    expect(states).toEqual(['connecting', 'live', 'signed_out'])
    live.connect()
    await until(() => live.state === 'live')
  })

  it('stops where the session had ended before it connects', async () => {
    await setUp()
    server.refuses = 4401
    const reading = live.events('a').next()
    await expect(reading).rejects.toThrow('signed_out')
    expect(states).toEqual(['connecting', 'live', 'signed_out'])
    server.refuses = undefined
    live.subscribe('a', { event: () => {} })
    live.connect()
    await until(() => live.state === 'live' && server.heard.length === 1)
  })

  it('says of an account whose id is none that it is lost, in place of waiting', async () => {
    await setUp()
    const lost = vi.fn()
    live.subscribe('malformed', { event: () => {}, lost })
    await until(() => lost.mock.calls.length === 1)
    expect(lost.mock.calls[0]).toEqual(['bad_message', 'not a UUID'])
    await expect(live.events('malformed').next()).rejects.toThrow('bad_message')
  })

  it('knows an account by its id in any letters', async () => {
    await setUp()
    const told: number[] = []
    live.subscribe('ABC', { event: (e) => told.push(e.cursor) })
    await until(() => server.heard.length === 1)
    server.write('abc')
    await until(() => told.length === 1)
    expect(() => live.subscribe('abc', { event: () => {} })).toThrow('followed already')
  })

  it('tells again what a handler could not take, and nothing before that', async () => {
    await setUp()
    const errors: string[] = []
    live = new PaddockLive({
      url: await server.url(),
      connect: (url) => new WebSocket(url),
      error: (code, message) => errors.push(`${code} ${message}`),
    })
    const told: string[] = []
    let throws = 3
    const take = (text: string) => {
      if (text !== 'event 1' && throws-- > 0) throw new Error('the disk is full')
      told.push(text)
    }
    const sub = live.subscribe(
      'a',
      {
        event: (e) => take(`event ${e.cursor}`),
        snapshot: (s) => take(`snapshot ${s.cursor}`),
        reset: (why) => take(why),
      },
      { cursor: 0 },
    )
    for (let i = 0; i < 5; i++) server.write('a')
    await until(() => told.length === 5)
    expect(told).toEqual(['event 1', 'event 2', 'event 3', 'event 4', 'event 5'])
    expect(errors).toEqual(Array(3).fill('handler_failed Error: the disk is full'))
    expect(sub.cursor).toBe(5)

    throws = 2 // the reset, and once more
    server.comeBackOlder('a', 3, 0)
    await until(() => told.length === 7)
    expect(told.slice(5)).toEqual(['cursor_ahead', 'snapshot 3'])
    expect(sub.resume).toBe('3-3')
  })

  it('gives up an account that is lost, and keeps the others', async () => {
    await setUp()
    const lost = vi.fn()
    const events: LiveEvent[] = []
    live.subscribe('foreign', { event: () => {}, lost })
    live.subscribe('a', { event: (e) => events.push(e) })
    await until(() => lost.mock.calls.length === 1 && server.heard.length === 2)
    expect(lost.mock.calls[0]).toEqual(['account_forbidden', 'not yours'])
    server.write('a')
    await until(() => events.length === 1)
    live.subscribe('foreign', { event: () => {} }) // may be tried again
  })

  it('asks again when the database was away, unless it was left meanwhile', async () => {
    await setUp()
    const a = live.subscribe('a', { event: () => {} })
    live.subscribe('b', { event: () => {} })
    await until(() => server.heard.length === 2)
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      for (const account_id of ['a', 'b'])
        server.tell({ type: 'unsubscribed', account_id, code: 'database_unavailable', message: '' })
      const settled = () => new Promise((go) => setImmediate(() => setImmediate(() => setImmediate(go))))
      for (let i = 0; i < 20; i++) await settled()
      a.unsubscribe()
      await vi.advanceTimersByTimeAsync(5000)
      for (let i = 0; i < 20; i++) await settled()
    } finally {
      vi.useRealTimers()
    }
    await until(() => server.heard.length >= 4)
    expect(
      server.heard
        .slice(2)
        .map((m) => `${m.type} ${m.account_id}`)
        .sort(),
    ).toEqual(['subscribe b', 'unsubscribe a'])
  })

  it('watches what somebody looks at, also after a break, and says when nobody does', async () => {
    await setUp()
    const told: (string | undefined)[] = []
    const errors: string[] = []
    live = new PaddockLive({
      url: await server.url(),
      connect: (url) => new WebSocket(url),
      error: (code) => errors.push(code),
    })
    const quotes = (account_id: string, code?: string) =>
      server.tell({ type: 'quotes', account_id, at: '', ...(code ? { code, message: '' } : { data: { quotes: [] } }) })
    const sub = live.subscribe('a', {
      event: () => {},
      quotes: (q) => {
        told.push(q.code)
        if (told.length === 1) throw new Error('a handler fails')
      },
    })
    sub.watch() // before there is a connection
    sub.watch(['TSLA'])
    const heard = () => server.heard.map((m) => `${m.type} ${(m.symbols ?? []).join()}`.trim())
    await until(() => server.heard.length === 2)
    sub.watch(['AAPL', 'TSLA'])
    await until(() => server.heard.length === 3)
    quotes('a')
    quotes('b')
    quotes('a', 'needs_credentials')
    await until(() => told.length === 2)
    expect(told).toEqual([undefined, 'needs_credentials'])
    server.hangUp(1001)
    await until(() => server.heard.length === 5)
    server.tell({ type: 'error', account_id: 'a', code: 'too_many_symbols', message: '' }) // ends no subscription
    await until(() => errors.length === 2)
    sub.unwatch()
    sub.unwatch()
    await until(() => server.heard.length === 6)
    quotes('a')
    server.write('a')
    await until(() => sub.cursor === 1)
    expect(told).toHaveLength(2)
    expect(errors).toEqual(['handler_failed', 'too_many_symbols'])
    expect(heard()).toEqual(['subscribe', 'watch TSLA', 'watch AAPL,TSLA', 'subscribe', 'watch AAPL,TSLA', 'unwatch'])
  })

  it('leaves a connection that is dead without having closed', async () => {
    await setUp()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true })
    try {
      live.subscribe('a', { event: () => {} })
      await vi.waitFor(() => {
        if (live.state !== 'live') throw new Error('not yet')
      })
      server.deaf = true
      await vi.advanceTimersByTimeAsync(39_000)
      expect(live.state).toBe('live')
      await vi.advanceTimersByTimeAsync(2000)
      expect(states.slice(0, 3)).toEqual(['connecting', 'live', 'connecting'])
    } finally {
      vi.useRealTimers()
    }
    expect(server.heard.some((m) => m.type === 'ping')).toBe(true)
  })

  it('gives up a connection that never opens', async () => {
    await setUp()
    const url = await server.url()
    const dials: number[] = []
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true })
    try {
      const silent = {
        readyState: 0,
        onopen: null,
        onmessage: null,
        onclose: null,
        onerror: null,
        send: () => {},
        close: () => {},
      } as Wire
      live = new PaddockLive({
        url,
        connect: (to) => (dials.push(1) === 1 ? silent : new WebSocket(to)),
      })
      live.connect()
      await vi.advanceTimersByTimeAsync(14_000)
      expect(dials).toHaveLength(1)
      await vi.advanceTimersByTimeAsync(2000)
    } finally {
      vi.useRealTimers()
    }
    await until(() => live.state === 'live')
  })

  it('is read with for await, and leaves in the log what is not taken', async () => {
    await setUp()
    for (let i = 0; i < 3500; i++) server.write('a')
    const taken: number[] = []
    for await (const m of live.events('a', { cursor: 0 })) {
      taken.push(m.cursor)
      if (taken.length === 1) await until(() => server.heard.some((h) => h.type === 'unsubscribe')) // it was too much at once
      if (taken.length === 3500) break
    }
    expect(taken).toEqual(server.log('a').map((e) => e.cursor))
    await expect(async () => {
      for await (const m of live.events('foreign')) taken.push(m.cursor)
    }).rejects.toThrow('account_forbidden')
  })

  it('does not follow an account twice', async () => {
    await setUp()
    live.subscribe('a', { event: () => {} })
    expect(() => live.subscribe('a', { event: () => {} })).toThrow('followed already')
  })

  it('ends a for await when the session has ended', async () => {
    await setUp()
    const reading = (async () => {
      for await (const m of live.events('a')) void m
    })()
    await until(() => live.state === 'live')
    server.hangUp(4401)
    await expect(reading).rejects.toThrow('signed_out')
    await expect(live.events('a').next()).rejects.toThrow('signed_out')
  })

  it('runs in plain Node as it is built, and waits there for a server that comes back', async () => {
    await setUp()
    const root = new URL('../..', import.meta.url).pathname
    const built = mkdtempSync(join(tmpdir(), 'paddock-live-')) // dist is built by another test
    execFileSync('npx', ['tsc', '-p', 'live', '--outDir', built], { cwd: root })
    writeFileSync(join(built, 'package.json'), '{"type":"module"}')
    const program = `
      import { WebSocket } from 'ws'
      import { PaddockLive } from '${built}/index.js'
      const live = new PaddockLive({ url: process.argv[1], connect: (url) => new WebSocket(url) })
      for await (const e of live.events('a', { cursor: 0 })) { console.log(e.cursor); if (e.cursor === 3) break }
      live.close()`
    for (let i = 0; i < 2; i++) server.write('a')
    const url = await server.url()
    const said = new Promise<string>((go, fail) =>
      execFile(
        process.execPath,
        ['--input-type=module', '-e', program, url],
        { cwd: root, timeout: 20_000 },
        (e, out) => (e ? fail(e) : go(out)),
      ),
    )
    await until(() => server.heard.length === 1)
    server.hangUp(4408)
    await until(() => server.heard.length === 2)
    server.write('a')
    expect(await said).toBe('1\n2\n3\n')
    rmSync(built, { recursive: true })
  }, 30_000)
})
