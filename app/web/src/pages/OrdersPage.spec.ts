// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { getActivePinia } from 'pinia'
import PrimeVue from 'primevue/config'
import ConfirmationService from 'primevue/confirmationservice'
import { h, ref } from 'vue'
import { createMemoryHistory, createRouter, RouterView, type Router } from 'vue-router'
import { keepAccountInUrl } from '../accountInUrl'
import ConfirmationDialog from '../components/ConfirmationDialog.vue'
import { useAccounts } from '../stores/accounts'
import { useCurrentAccount } from '../stores/currentAccount'
import { useNotices } from '../stores/notices'
import { anAccount, anOrder, orderEvent } from '../testing/fixtures'
import { asked, at, click, fill, isThere, requests, settled, text, useComponentTests } from '../testing/mount'
import type { Order } from '../types'
import OrdersPage from './OrdersPage.vue'

vi.mock('../auth', () => ({ auth: { useSession: () => ref({ data: { user: { id: 'u' } } }) } }))

useComponentTests()
let router: Router
let page: VueWrapper
beforeEach(() => {
  // A page that is laid out nowhere has no heights: these are those of the list, and of a row.
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(900)
  vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(39)
})
afterEach(() => {
  page.unmount()
  vi.restoreAllMocks()
})

const time = (n: number) => new Date(Date.parse('2026-01-05T12:00:00Z') + n * 1000).toISOString().replace('Z', '000Z')
const order = (n: number, change: Partial<Order> = {}) =>
  anOrder({
    id: `o${n}`,
    client_order_id: `c${n}`,
    alpaca_order_id: `b${n}`,
    created_at: time(n),
    updated_at: time(n),
    ...change,
  })
const body = (orders: Order[], next_cursor: string | null = null) => ({
  orders,
  next_cursor,
  as_of: null,
  source: 'mirror',
})

async function show(path = '/orders?account=a', role = 'owner') {
  const accounts = useAccounts()
  accounts.list = [anAccount({ role } as never), anAccount({ id: 'b', name: 'Other' })]
  accounts.loaded = true
  const none = { render: () => null }
  router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', component: none, meta: { title: 'Desk', ofAccount: true } },
      { path: '/orders', component: OrdersPage, meta: { title: 'Orders', ofAccount: true } },
    ],
  })
  keepAccountInUrl(router)
  await router.push(path)
  page = mount(
    { render: () => [h(RouterView), h(ConfirmationDialog)] },
    {
      attachTo: document.body,
      global: { plugins: [getActivePinia()!, router, PrimeVue, ConfirmationService] },
    },
  )
  await settled()
}
/** The readings of the page's list, the newest first; the other one counts what is open. */
const reads = () => requests('GET', '/api/orders').filter((q) => q.url.includes('limit=200'))
const params = (q = reads()[0]!) => Object.fromEntries(new URL(q.url, 'http://x').searchParams)
/** Answers all that was asked and is not answered yet. */
async function answer(orders: Order[], cursor: string | null = null) {
  for (const q of requests('GET', '/api/orders')) await q.answer(body(orders, cursor))
  await frame()
}
const frame = async () => {
  await new Promise((done) => setTimeout(done, 40))
  await flushPromises()
}
const rows = () =>
  [...document.querySelectorAll('[data-testid^="order-c"]')].map((r) =>
    r.getAttribute('data-testid')!.replace('order-', ''),
  )
const said = () => router.currentRoute.value.query
const event = async (o: Order, account = 'a') => {
  useCurrentAccount().apply(orderEvent(o, account))
  await frame()
}

describe('the page of the orders', () => {
  it('has its filters in the address: a reload, a bookmark and the back button keep them', async () => {
    await show('/orders?account=a&tab=filled&tag=swing&side=sell')
    expect(params()).toMatchObject({ status: 'filled', tag: 'swing', side: 'sell' })
    expect(at<HTMLInputElement>('filter-tag').value).toBe('swing')
    await answer([])
    await fill('filter-symbol', 'aapl')
    at('filter-symbol').dispatchEvent(new Event('change'))
    await settled()
    expect(params()).toMatchObject({ symbols: 'AAPL', tag: 'swing' })
    expect(said()).toEqual({ account: 'a', tab: 'filled', tag: 'swing', side: 'sell', symbol: 'aapl' })
    await click('tab-all')
    expect(said()).toMatchObject({ tab: 'all', symbol: 'aapl' })
    router.back()
    await settled()
    await settled()
    expect(params()).toMatchObject({ status: 'filled', symbols: 'AAPL' })
    expect(at('tab-filled').getAttribute('aria-pressed')).toBe('true')
    await click('filter-clear')
    expect(said()).toEqual({ account: 'a', tab: 'filled' })
    expect(at<HTMLInputElement>('filter-tag').value).toBe('')
  })

  it('keeps the filter when another account is chosen, but for its sleeve, and shows nothing of the one before', async () => {
    await show('/orders?account=a&tab=all&tag=t&sleeve=s')
    const before = reads()
    useAccounts().select('b')
    await settled()
    for (const q of before) await q.answer(body([order(1)]))
    await event(order(2), 'a')
    expect(rows()).toEqual([])
    expect(said()).toEqual({ account: 'b', tab: 'all', tag: 't' })
    expect(reads()[0]!.account).toBe('b')
    await reads()[0]!.answer(body([order(3, { tag: 't' })]))
    await frame()
    expect(rows()).toEqual(['c3'])
  })

  it('says how many are open, and lets an order go where it belongs as events tell', async () => {
    await show()
    await answer([order(2), order(1)])
    expect(text('tab-open')).toBe('Open (2)')
    expect(rows()).toEqual(['c2', 'c1'])
    await event(order(1, { status: 'filled', filled_qty: '10', updated_at: time(9) }))
    expect(rows()).toEqual(['c2'])
    expect(text('tab-open')).toBe('Open (1)')
    await event(order(5))
    expect(rows()).toEqual(['c5', 'c2'])
    await event(order(5, { filled_qty: '4', updated_at: time(8) }))
    expect(rows()).toEqual(['c5', 'c2'])
    expect(at('order-c5').textContent).toContain('4')
    await event(order(5, { filled_qty: '3', updated_at: time(7) })) // older than what is known
    expect(at('order-c5').querySelector('[data-column=filled]')!.textContent).toContain('4')
  })

  it('never has a refused order among the open ones, and shows it with its reason among the refused', async () => {
    await show()
    await answer([order(1)])
    await event(order(3, { status: 'rejected', status_message: 'Too poor' }))
    expect(rows()).toEqual(['c1'])
    await click('tab-refused')
    await answer([order(3, { status: 'rejected', status_message: 'Too poor' })])
    expect(rows()).toEqual([]) // what the guards refused is on its way
    const refusal = {
      id: '00000000-0000-0000-0000-000000000007',
      created_at: time(2),
      violations: [{ guard: 'max_order_notional', limit: '100', value: '900', message: 'Too large.' }],
      request: { symbol: 'TSLA', side: 'buy', type: 'market', qty: '3', client_order_id: 'c9' },
      submitted_by: 'u',
    }
    await requests('GET', '/api/guards/refusals')[0]!.answer({ refusals: [refusal], next_cursor: null })
    await frame()
    expect(rows()).toEqual(['c3', 'c9'])
    expect(document.body.textContent).toContain('Too poor')
    expect(document.body.textContent).toContain('The guards refused it: Too large.')
    await click('look-c9')
    await settled()
    expect(text('refusal-figures')).toContain('limit 100, asked 900')
    expect(requests('GET', '/api/guards/refusals')[0]!.account).toBe('a')
  })

  it('keeps an event that comes before the answer that is older', async () => {
    await show()
    await event(order(1, { status: 'filled', filled_qty: '10', updated_at: time(9) }))
    await event(order(4))
    await answer([order(1)])
    expect(rows()).toEqual(['c4'])
  })

  it('has new orders wait above while somebody reads further down', async () => {
    await show('/orders?account=a&tab=all')
    await answer(Array.from({ length: 60 }, (_, i) => order(100 - i)))
    const scroller = document.querySelector<HTMLElement>('.scroller')!
    scroller.scrollTop = 400
    scroller.dispatchEvent(new Event('scroll'))
    await settled()
    await event(order(101))
    await event(order(102))
    expect(isThere('order-c101')).toBe(false)
    expect(text('new-orders')).toBe('2 new orders ↑')
    await event(order(100, { status: 'canceled', updated_at: time(200) })) // what is read changes in place
    await click('new-orders')
    await frame()
    expect(isThere('new-orders')).toBe(false)
    expect(text('orders-count')).toContain('62 orders')
  })

  it('reads older ones by the cursor, and says what is sorted among the loaded alone', async () => {
    await show('/orders?account=a&tab=all&sort=-quantity')
    await answer([order(3, { qty: '9' }), order(2, { qty: '10' })], 'next')
    expect(rows()).toEqual(['c2', 'c3'])
    expect(text('orders-partial')).toBe('Sorted among the 2 orders that are loaded; there are more.')
    expect(params()).toMatchObject({ before: 'next' })
    await reads()[0]!.answer(body([order(1, { qty: '100' })]))
    await frame()
    expect(rows()).toEqual(['c1', 'c2', 'c3'])
    expect(isThere('orders-partial')).toBe(false)
    await click('orders-by-time')
    expect(said()).toMatchObject({ tab: 'all' })
    expect(rows()).toEqual(['c3', 'c2', 'c1'])
    await click('orders-by-time')
    expect(params()).toMatchObject({ direction: 'asc' }) // the server sorts by it
  })

  it('keeps the columns that were chosen', async () => {
    await show()
    await answer([order(1, { reason: 'It is cheap' })])
    expect(document.body.textContent).not.toContain('It is cheap')
    at<HTMLInputElement>('orders-column-reason').click()
    await settled()
    expect(document.body.textContent).toContain('It is cheap')
    page.unmount()
    await show()
    await answer([order(1, { reason: 'It is cheap' })])
    expect(document.body.textContent).toContain('It is cheap')
  })
})

const deletes = () => asked.filter((q) => q.method === 'DELETE')
const dialog = () => document.querySelector('[role=alertdialog]')?.textContent ?? ''

describe('canceling many orders', () => {
  it('asks once, with how many and on which account, and tells of each what became of it', async () => {
    await show()
    await answer([order(4), order(3), order(2), order(1, { status: 'submitting' })])
    expect(isThere('choose-o1')).toBe(false) // Alpaca does not have it yet
    await click('choose-o4')
    at('choose-o2').dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, shiftKey: true }))
    await settled()
    expect(text('cancel-chosen')).toBe('Cancel chosen (3)')
    await click('cancel-chosen')
    expect(dialog()).toContain('Cancel 3 orders?')
    expect(dialog()).toContain('“Swing” (paper)')
    at('confirm-accept').click()
    at('confirm-accept').click()
    await settled()
    await frame()
    expect(deletes().map((q) => [q.url, q.account])).toEqual([
      ['/api/orders/o4', 'a'],
      ['/api/orders/o3', 'a'],
      ['/api/orders/o2', 'a'],
    ])
    expect(at<HTMLButtonElement>('cancel-all').disabled).toBe(true) // while they are on their way
    await deletes()[0]!.answer(order(4, { status: 'pending_cancel', updated_at: time(50) }))
    await deletes()[1]!.answer({ code: 'order_not_cancelable', message: 'Alpaca refused: it is filled.' }, 409)
    await deletes()[2]!.lose()
    await frame()
    const results = [...at('cancel-results').querySelectorAll('li')].map((li) => [li.dataset.state, li.textContent])
    expect(results.map(([state]) => state)).toEqual(['failed', 'failed', 'asked'])
    expect(results[0]![1]).toContain('it is filled')
    expect(results[1]![1]).toContain('cannot be reached')
    expect(text('cancel-results')).toContain('1 of 3 asked for, 2 failed')
  })

  it('sends nothing without the word, and nothing to an account that was chosen meanwhile', async () => {
    await show()
    await answer([order(2), order(1)])
    await click('choose-all')
    await click('cancel-chosen')
    await click('confirm-reject')
    await frame()
    expect(deletes()).toEqual([])
    await click('cancel-chosen')
    useAccounts().select('b')
    await settled()
    await frame()
    expect(deletes()).toEqual([])
  })

  it('goes on with what was agreed to when another account is chosen, and tells of failures beside it', async () => {
    await show()
    await answer(Array.from({ length: 6 }, (_, i) => order(9 - i)))
    await click('choose-all')
    await click('cancel-chosen')
    await click('confirm-accept')
    await frame()
    expect(deletes()).toHaveLength(4)
    useAccounts().select('b')
    await settled()
    expect(isThere('cancel-results')).toBe(false)
    await deletes()[0]!.answer(order(9, { status: 'pending_cancel' }))
    await deletes()[1]!.answer({ code: 'order_not_cancelable', message: 'It is filled.' }, 409)
    await settled()
    expect(deletes().map((q) => q.account)).toEqual(Array(6).fill('a'))
    expect(rows()).toEqual([])
    expect(useNotices().shown.map((n) => n.detail)).toEqual(['It is filled. · “Swing” (paper)'])
  })

  it('cancels all that is open with one request', async () => {
    await show()
    await answer([order(2), order(1)])
    await click('cancel-all')
    expect(dialog()).toContain('every open order of “Swing” (paper)')
    await click('confirm-accept')
    await frame()
    expect(deletes().map((q) => q.url)).toEqual(['/api/orders'])
    await deletes()[0]!.answer(
      [
        { id: 'b2', status: 200 },
        { id: 'b1', status: 422 },
      ],
      207,
    )
    await frame()
    expect(text('cancel-results')).toContain('1 of 2 asked for, 1 failed')
  })

  it('offers nothing to who only reads', async () => {
    await show('/orders?account=a', 'viewer')
    await answer([order(1)])
    expect(isThere('choose-o1') || isThere('cancel-all') || isThere('cancel-c1')).toBe(false)
  })
})
