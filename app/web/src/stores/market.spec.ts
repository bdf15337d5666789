import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { useCurrentAccount } from './currentAccount'
import { useMarket } from './market'

let asked: number
let broken: boolean
const real = new Date('2026-01-06T18:46:00Z').getTime()
let began: number
const server = () => real + performance.now() - began

beforeEach(() => {
  vi.useFakeTimers({ now: real + 7 * 3600_000 }) // a browser that is seven hours ahead
  setActivePinia(createPinia())
  asked = 0
  broken = false
  began = performance.now()
  vi.stubGlobal('fetch', (url: string) => {
    if (url !== '/api/clock') return Promise.resolve(new Response('{}'))
    asked++
    if (broken) return Promise.reject(new TypeError())
    const now = server()
    const closes = new Date('2026-01-06T21:00:00Z').getTime()
    const open = now < closes
    return Promise.resolve(
      Response.json({
        timestamp: new Date(now).toISOString(),
        is_open: open,
        next_open: '2026-01-07T14:30:00Z',
        next_close: open ? new Date(closes).toISOString() : '2026-01-07T21:00:00Z',
      }),
    )
  })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

async function setUp() {
  const [current, market] = [useCurrentAccount(), useMarket()]
  current.show('a')
  const end = market.look()
  await vi.advanceTimersByTimeAsync(0)
  return { current, market, end }
}

describe('the market’s clock', () => {
  it('is the server’s, whatever the browser’s says, also where that is set meanwhile', async () => {
    const { market, end } = await setUp()
    expect(market.now).toBe(real)
    vi.setSystemTime(real - 30 * 86_400_000)
    await vi.advanceTimersByTimeAsync(60_000)
    expect([market.now, market.isOpen]).toEqual([server(), true])
    end()
  })

  it('is asked for four times an hour, and after a bell', async () => {
    const { market, end } = await setUp()
    expect(asked).toBe(1)
    await vi.advanceTimersByTimeAsync(3600_000)
    expect(asked).toBe(5)
    await vi.advanceTimersByTimeAsync(74 * 60_000 + 5000) // to five seconds after the close
    expect([asked, market.isOpen]).toEqual([10, false])
    end()
    await vi.advanceTimersByTimeAsync(3600_000)
    expect(asked).toBe(10) // nobody looks
  })

  it('is asked for once a minute where it could not be read, and at once where keys are there', async () => {
    broken = true
    const { current, market, end } = await setUp()
    await vi.advanceTimersByTimeAsync(125_000)
    expect([asked, market.isOpen, market.bell]).toEqual([3, null, null])
    current.needsKeys = true
    await vi.advanceTimersByTimeAsync(125_000)
    expect(asked).toBe(3)
    broken = false
    current.needsKeys = false
    await vi.advanceTimersByTimeAsync(0)
    expect([asked, market.isOpen]).toEqual([4, true])
    end()
  })

  it('is asked for again where the machine was asleep', async () => {
    const { end } = await setUp()
    vi.setSystemTime(Date.now() + 3600_000) // its timers stood still
    await vi.advanceTimersByTimeAsync(1000)
    expect(asked).toBe(2)
    end()
  })
})
