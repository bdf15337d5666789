// @vitest-environment happy-dom
import { describe, expect, it, vi } from 'vitest'
import { ref } from 'vue'
import { useAccounts } from '../stores/accounts'
import { useCurrentAccount } from '../stores/currentAccount'
import { useOrders } from '../stores/orders'
import { anAccount, anOrder } from '../testing/fixtures'
import { at, click, requests, settled, show, text, useComponentTests } from '../testing/mount'
import AppHeader from './AppHeader.vue'

vi.mock('../auth', () => ({
  auth: {
    useSession: () => ref({ data: { user: { id: 'u', email: 'ada@example.com' } }, refetch: () => Promise.resolve() }),
  },
}))
vi.mock('vue-router', () => ({ useRouter: () => ({ push: () => Promise.resolve() }) }))
vi.mock('paddock-live', () => ({
  PaddockLive: class {
    state = 'closed'
    subscribe = () => ({ watch() {}, unwatch() {}, unsubscribe() {} })
    connect() {}
    close() {}
  },
}))

useComponentTests()

async function pick(name: string) {
  await click('account-select')
  at(`account-option-${name}`).dispatchEvent(new MouseEvent('mousedown', { bubbles: true, button: 0 }))
  await settled()
}

describe('the account picker', () => {
  it('marks real money, also in its list', async () => {
    await show(AppHeader, {}, { name: 'Savings', environment: 'live' })
    expect(text('account-select')).toBe('Savings live')
    expect(at('account-select').querySelector('.badge.live')).not.toBeNull()
    useAccounts().list.push(anAccount({ id: 'c', name: 'Third' }))
    await click('account-select')
    expect(text('account-option-Savings')).toContain('live')
    expect(text('account-option-Third')).toContain('paper')
  })

  it('shows nothing of the account before once another one is chosen', async () => {
    await show(AppHeader)
    const [orders, current] = [useOrders(), useCurrentAccount()]
    orders.put(anOrder({ id: 'of-a' }))
    await pick('Other')
    expect([useAccounts().selectedId, current.id, orders.list]).toEqual(['b', 'b', []])
    expect(requests('GET', '/api/orders').map((q) => q.account)).toEqual(['b', 'a'])
    await requests('GET', '/api/orders')[1]!.answer({
      orders: [anOrder({ id: 'late' })],
      next_cursor: null,
      as_of: null,
      source: 'mirror',
    })
    await settled()
    expect(orders.list).toEqual([])
    expect(text('account-select')).toBe('Other paper')
  })

  it('remembers the choice', async () => {
    await show(AppHeader)
    await pick('Other')
    expect(localStorage.getItem('paddock.account')).toBe('b')
  })
})
