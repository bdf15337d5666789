import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, nextTick, ref } from 'vue'
import { usePreview } from './usePreview'
import type { OrderDraft } from '../types'

interface Asked {
  account: string
  order: OrderDraft
  signal: AbortSignal
  answer: (body: unknown, status?: number) => void
}
let asked: Asked[]

beforeEach(() => {
  vi.useFakeTimers()
  asked = []
  vi.stubGlobal(
    'fetch',
    (_: string, init: { headers: Record<string, string>; body: string; signal: AbortSignal }) =>
      new Promise((resolve, reject) => {
        init.signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError')))
        asked.push({
          account: init.headers['X-Account-ID']!,
          order: JSON.parse(init.body) as OrderDraft,
          signal: init.signal,
          answer: (body, status = 200) => resolve(new Response(JSON.stringify(body), { status })),
        })
      }),
  )
})
afterEach(() => vi.useRealTimers())

function setUp() {
  const account = ref('a')
  const order = ref<OrderDraft | null>(null)
  const scope = effectScope()
  const seen = scope.run(() =>
    usePreview(
      () => account.value,
      () => order.value,
    ),
  )!
  return { account, order, scope, seen }
}
const of = (qty: string): OrderDraft => ({ symbol: 'AAPL', side: 'buy', type: 'market', time_in_force: 'day', qty })

describe('the preview', () => {
  it('asks once, when typing has paused', async () => {
    const { order, seen } = setUp()
    for (const qty of ['1', '12', '123']) {
      order.value = of(qty)
      await vi.advanceTimersByTimeAsync(300)
    }
    expect(asked).toHaveLength(0)
    await vi.advanceTimersByTimeAsync(100)
    expect(asked.map((a) => a.order.qty)).toEqual(['123'])
    asked[0]!.answer({ allowed: true })
    await vi.advanceTimersByTimeAsync(0)
    expect(seen.preview.value).toEqual({ allowed: true })
  })

  it('asks nothing of an order that is not whole, and forgets what was said before', async () => {
    const { order, seen } = setUp()
    order.value = of('1')
    await vi.advanceTimersByTimeAsync(400)
    asked[0]!.answer({ allowed: true })
    await vi.advanceTimersByTimeAsync(0)
    order.value = null
    await vi.advanceTimersByTimeAsync(60_000)
    expect(asked).toHaveLength(1)
    expect(seen.preview.value).toBeNull()
  })

  it('drops the answer to the account before', async () => {
    const { account, order, seen } = setUp()
    order.value = of('1')
    await vi.advanceTimersByTimeAsync(400)
    account.value = 'b'
    await nextTick()
    expect(asked[0]!.signal.aborted).toBe(true)
    asked[0]!.answer({ allowed: true })
    await vi.advanceTimersByTimeAsync(400)
    expect(seen.preview.value).toBeNull()
    expect(asked[1]!.account).toBe('b')
  })

  it('asks again when it is told to, and as time passes, and keeps what it knows meanwhile', async () => {
    const { order, seen } = setUp()
    order.value = of('1')
    await vi.advanceTimersByTimeAsync(400)
    asked[0]!.answer({ allowed: false })
    await vi.advanceTimersByTimeAsync(0)
    seen.refresh()
    await vi.advanceTimersByTimeAsync(400)
    expect(seen.preview.value).toEqual({ allowed: false })
    asked[1]!.answer({ allowed: true })
    await vi.advanceTimersByTimeAsync(30_000)
    expect(seen.preview.value).toEqual({ allowed: true })
    expect(asked).toHaveLength(3)
  })

  it('says why there is none, and stops with its page', async () => {
    const { order, seen, scope } = setUp()
    order.value = of('1')
    await vi.advanceTimersByTimeAsync(400)
    asked[0]!.answer({ code: 'price_unknown', message: 'Alpaca gives no price.', request_id: '1' }, 422)
    await vi.advanceTimersByTimeAsync(0)
    expect([seen.preview.value, seen.error.value]).toEqual([null, 'Alpaca gives no price.'])
    scope.stop()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(asked).toHaveLength(1)
  })
})
