import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { anAccount, guardEvent, told } from '../testing/fixtures'
import { useAccounts } from './accounts'
import { usePortfolio } from './portfolio'

let asked: { url: string; answer: (equity: string) => void; fail: () => void }[]

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  asked = []
  vi.stubGlobal(
    'fetch',
    (url: string) =>
      new Promise((resolve, reject) =>
        asked.push({
          url,
          answer: (equity) => resolve(new Response(JSON.stringify({ accounts: [told({ equity })] }))),
          fail: () => reject(new TypeError('network')),
        }),
      ),
  )
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})
const settle = () => vi.advanceTimersByTimeAsync(0)

describe('what is known of all accounts', () => {
  function setUp() {
    useAccounts().list = [anAccount(), anAccount({ id: 'b' }), anAccount({ id: 'c' })]
    return usePortfolio()
  }

  it('is one request for all of them', async () => {
    const portfolio = setUp()
    void portfolio.load()
    asked[0]!.answer('7')
    await settle()
    expect(asked.map((q) => q.url)).toEqual(['/api/portfolio'])
    expect([portfolio.of('a')?.equity, portfolio.of('b')]).toEqual(['7', undefined])
  })

  it('is that of the reading that began last', async () => {
    const portfolio = setUp()
    void portfolio.load()
    void portfolio.load()
    asked[1]!.answer('2')
    await settle()
    asked[0]!.answer('1')
    await settle()
    expect(portfolio.of('a')?.equity).toBe('2')
  })

  it('is nobody else’s after a sign-out, also where an answer comes late', async () => {
    const portfolio = setUp()
    void portfolio.load()
    asked[0]!.answer('1')
    await settle()
    void portfolio.load()
    useAccounts().forget()
    asked[1]!.answer('2')
    await settle()
    expect([portfolio.list, portfolio.readAt]).toEqual([[], null])
  })

  it('stays while it cannot be read, and the failure is told', async () => {
    const portfolio = setUp()
    void portfolio.load()
    asked[0]!.answer('1')
    await settle()
    void portfolio.load()
    asked[1]!.fail()
    await settle()
    expect(portfolio.of('a')?.equity).toBe('1')
    expect(portfolio.failure).not.toBeNull()
  })

  it('is read again with events of any account, once for many, and only while somebody looks', async () => {
    const portfolio = setUp()
    portfolio.receive(guardEvent('b'))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(asked).toHaveLength(0)
    const leave = portfolio.follow()
    for (let n = 0; n < 20; n++) portfolio.receive(guardEvent('b'))
    await vi.advanceTimersByTimeAsync(2000)
    expect(asked).toHaveLength(1)
    portfolio.receive(guardEvent('c'))
    leave()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(asked).toHaveLength(1)
  })
})
