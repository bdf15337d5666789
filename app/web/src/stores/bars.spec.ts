import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { timeframes } from '../chart/timeframes'
import { useBars } from './bars'
import { useCurrentAccount } from './currentAccount'

interface Asked {
  url: string
  account: string
  aborted: () => boolean
  answer: (body: unknown, status?: number) => Promise<void>
}
let asked: Asked[]
const frame = timeframes[1]
const told = (symbol: string, c: number) => ({
  bars: { [symbol]: [{ t: '2026-01-06T15:00:00Z', o: 1, h: 1, l: 1, c, v: 1 }] },
})

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-01-06T15:01:00Z') })
  setActivePinia(createPinia())
  asked = []
  vi.stubGlobal('fetch', (url: string, init: RequestInit & { headers: Record<string, string> }) => {
    if (!url.includes('bars')) return Promise.resolve(new Response('{}'))
    return new Promise<Response>((resolve) =>
      asked.push({
        url,
        account: init.headers['X-Account-ID']!,
        aborted: () => init.signal!.aborted,
        answer: async (body, status = 200) => {
          resolve(new Response(JSON.stringify(body), { status }))
          await vi.advanceTimersByTimeAsync(0)
        },
      }),
    )
  })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

function setUp() {
  const [current, bars] = [useCurrentAccount(), useBars()]
  current.show('a')
  return { current, bars, last: (symbol = 'AAPL') => bars.of(symbol, frame)?.bars.at(-1)?.close }
}

describe('candles', () => {
  it('are read once a symbol and timeframe, and again a minute later', async () => {
    const { bars, last } = setUp()
    for (let i = 0; i < 5; i++) void bars.read('AAPL', frame)
    await asked[0]!.answer(told('AAPL', 190))
    void bars.read('AAPL', frame)
    expect([asked.length, last()]).toEqual([1, 190])
    expect(asked[0]!.url).toContain(
      '/api/data/v2/stocks/bars?symbols=AAPL&timeframe=5Min&start=2025-12-23T15%3A01%3A00.000Z',
    )
    void bars.read('AAPL', timeframes[4])
    await vi.advanceTimersByTimeAsync(60_000)
    void bars.read('AAPL', frame)
    expect(asked).toHaveLength(3)
  })

  it('of another symbol are never shown, whichever answer comes first', async () => {
    const { bars, last } = setUp()
    void bars.read('AAPL', frame)
    void bars.read('BTC/USD', frame)
    await asked[1]!.answer(told('BTC/USD', 60_000))
    expect([last(), last('BTC/USD')]).toEqual([undefined, 60_000])
    await asked[0]!.answer(told('AAPL', 190))
    expect([last(), last('BTC/USD')]).toEqual([190, 60_000])
    expect(asked[1]!.url).toContain('/crypto/us/bars?symbols=BTC%2FUSD')
  })

  it('of another account are never shown, also where one comes back to the first', async () => {
    const { current, bars, last } = setUp()
    void bars.read('AAPL', frame)
    current.show('b')
    void bars.read('AAPL', frame)
    expect([asked[0]!.aborted(), asked[1]!.account]).toEqual([true, 'b'])
    current.show('a')
    await asked[1]!.answer(told('AAPL', 2))
    await asked[0]!.answer(told('AAPL', 1))
    expect(last()).toBeUndefined()
    void bars.read('AAPL', frame)
    await asked[2]!.answer(told('AAPL', 3))
    expect(last()).toBe(3)
    current.show('b')
    expect(last()).toBeUndefined()
  })

  it('move by quotes, and stay where they cannot be read again, which is said', async () => {
    const { bars, last } = setUp()
    bars.move('AAPL', frame, '1', Date.now())
    void bars.read('AAPL', frame)
    await asked[0]!.answer(told('AAPL', 190))
    bars.move('AAPL', frame, '191.5', Date.now())
    expect(last()).toBe(191.5)
    await vi.advanceTimersByTimeAsync(60_000)
    void bars.read('AAPL', frame)
    await asked[1]!.answer({ code: 'broker_rate_limited', message: 'Wait.' }, 429)
    expect([last(), bars.of('AAPL', frame)!.error]).toEqual([191.5, 'Wait.'])
    void bars.read('AAPL', frame)
    expect(asked).toHaveLength(2) // a failure is no reason to ask more often
    bars.again('AAPL', frame)
    expect(asked).toHaveLength(3)
  })

  it('are not asked for without keys', () => {
    const { current, bars } = setUp()
    current.needsKeys = true
    void bars.read('AAPL', frame)
    expect(asked).toEqual([])
  })
})
