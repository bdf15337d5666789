import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, ref } from 'vue'
import { useUnknownSymbols } from './useUnknownSymbols'

let asked: string[]
let away = false
beforeEach(() => {
  vi.useFakeTimers()
  asked = []
  away = false
  vi.stubGlobal('fetch', async (url: string) => {
    asked.push(url)
    if (away) throw new TypeError('network')
    const there = /AAPL|SPY/.test(url)
    return new Response(JSON.stringify(there ? { symbol: 'x' } : { code: 'broker_not_found', message: 'x' }), {
      status: there ? 200 : 404,
    })
  })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})
const settle = () => vi.advanceTimersByTimeAsync(1000)

describe('symbols that Alpaca does not know', () => {
  it('are named, each asked about once, after the last keystroke', async () => {
    const symbols = ref(['AAPL', 'APPL'])
    const scope = effectScope()
    const unknown = scope.run(() =>
      useUnknownSymbols(
        () => 'a',
        () => symbols.value,
      ),
    )!
    symbols.value = ['AAPL', 'APPLE']
    await settle()
    expect([unknown.value, asked]).toEqual([['APPLE'], ['/api/assets/AAPL', '/api/assets/APPLE']])
    symbols.value = ['AAPL', 'APPLE', 'SPY']
    await settle()
    expect([unknown.value, asked.length]).toEqual([['APPLE'], 3])
    symbols.value = ['AAPL']
    await settle()
    expect(unknown.value).toEqual([])
    scope.stop()
  })

  it('are none where Alpaca cannot be asked', async () => {
    away = true
    const scope = effectScope()
    const unknown = scope.run(() =>
      useUnknownSymbols(
        () => 'a',
        () => ['NONE', 'OTHER'],
      ),
    )!
    await settle()
    expect([unknown.value, asked.length]).toEqual([[], 1])
    scope.stop()
  })
})
