// @vitest-environment happy-dom
import { describe, expect, it, vi } from 'vitest'
import { ref } from 'vue'
import { useAccounts } from '../stores/accounts'
import { useCurrentAccount } from '../stores/currentAccount'
import { useOrders } from '../stores/orders'
import { anAccount, anOrder } from '../testing/fixtures'
import { mainPages, userPages } from '../navigation'
import { at, click, isThere, requests, settled, show, text, useComponentTests } from '../testing/mount'
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

const links = (within = '') =>
  [...document.querySelectorAll(`${within} [data-testid^=nav-]`)].map((a) => a.getAttribute('data-testid')!.slice(4))
const names = (pages: { name: string }[]) => pages.map((page) => page.name)

describe('the pages’ links', () => {
  it('stand in the header of a wide window, and the user’s own in their menu', async () => {
    await show(AppHeader)
    expect(links('header nav')).toEqual(names(mainPages))
    expect([isThere('nav-more'), isThere('sign-out')]).toEqual([false, false])
    await click('user-menu')
    expect(links('header .panel')).toEqual(names(userPages))
    expect([isThere('sign-out'), at('user-menu').getAttribute('aria-expanded')]).toEqual([true, 'true'])
    expect(at('user-menu').getAttribute('aria-label')).toContain('ada@example.com')
    expect(document.querySelector('.panel')!.contains(document.activeElement)).toBe(true)
  })

  it('are hidden again by Escape, by a click elsewhere and by a choice, and the focus is never lost', async () => {
    await show(AppHeader)
    const shut = () =>
      expect([isThere('sign-out'), at('user-menu').getAttribute('aria-expanded')]).toEqual([false, 'false'])
    await click('user-menu')
    at('nav-profile').dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))
    await settled()
    shut()
    expect(document.activeElement).toBe(at('user-menu'))
    await click('user-menu')
    await click('nav-audit')
    shut()
    expect(document.activeElement).toBe(at('user-menu'))
    await click('user-menu')
    document.body.dispatchEvent(new Event('pointerdown', { bubbles: true }))
    document.body.click()
    await settled()
    shut()
  })

  it('stand at the foot of a telephone, and the rest under More: none is lost', async () => {
    vi.stubGlobal('matchMedia', () => ({ matches: true, addEventListener: () => {}, removeEventListener: () => {} }))
    await show(AppHeader)
    expect(links('.bar')).toEqual(['desk', 'trade', 'orders', 'journal', 'more'])
    await click('nav-more')
    expect(links().sort()).toEqual([...names(mainPages), ...names(userPages), 'trade', 'more'].sort())
    expect(isThere('sign-out')).toBe(true)
  })
})
