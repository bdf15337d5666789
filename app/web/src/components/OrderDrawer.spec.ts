// @vitest-environment happy-dom
import { describe, expect, it, vi } from 'vitest'
import { ref } from 'vue'
import { useAccounts } from '../stores/accounts'
import { useCurrentAccount } from '../stores/currentAccount'
import { anOrder, orderEvent } from '../testing/fixtures'
import { click, isThere, requests, settled, show, text, useComponentTests } from '../testing/mount'
import OrderDrawer from './OrderDrawer.vue'

vi.mock('../auth', () => ({ auth: { useSession: () => ref({ data: { user: { id: 'u' } } }) } }))
useComponentTests()

const whole = (change: object = {}) => ({
  order: anOrder({ id: 'o', submitted_by: 'u', reason: '<b id="x">cheap</b>', tag: 'swing' }),
  names: {},
  quote: null,
  slippage: null,
  executions: [],
  legs: [],
  parent: null,
  replaces: null,
  replaced_by: null,
  requests: [],
  ...change,
})
const readings = () => requests('GET', '/api/orders/o/timeline')

describe('the drawer of an order', () => {
  it('shows what became of it, reads it with one request, and shows a reason as text', async () => {
    await show(OrderDrawer, { id: 'o' })
    await readings()[0]!.answer(whole())
    expect(text('order-drawer')).toContain('Asked for by you')
    expect(text('order-drawer')).toContain('<b id="x">cheap</b>')
    expect(document.getElementById('x')).toBeNull()
    expect(readings()).toHaveLength(1)
  })

  it('looks at a leg', async () => {
    const drawer = await show(OrderDrawer, { id: 'o' })
    await readings()[0]!.answer(whole({ legs: [anOrder({ id: 'leg' })] }))
    await click('look-leg')
    expect(drawer.emitted('look')).toEqual([['leg']])
  })

  it('is read again when an event tells of it, and of no other order', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    await show(OrderDrawer, { id: 'o' })
    await readings()[0]!.answer(whole())
    useCurrentAccount().apply(orderEvent(anOrder({ id: 'other' })))
    vi.advanceTimersByTime(3000)
    expect(readings()).toHaveLength(1)
    useCurrentAccount().apply(orderEvent(anOrder({ id: 'o', status: 'filled' })))
    vi.advanceTimersByTime(3000)
    expect(readings()).toHaveLength(2)
    vi.useRealTimers()
  })

  it('closes when another account is chosen, and shows nothing of an answer that comes late', async () => {
    const drawer = await show(OrderDrawer, { id: 'o' })
    useAccounts().select('b')
    await settled()
    await readings()[0]!.answer(whole())
    expect(drawer.emitted('close')).toBeTruthy()
    expect(isThere('order-moments')).toBe(false)
  })

  it('says so where there is no such order', async () => {
    await show(OrderDrawer, { id: 'o' })
    await readings()[0]!.answer(
      { code: 'order_not_found', message: 'This account has no order of this id. See GET /api/orders.' },
      404,
    )
    expect(text('order-drawer')).not.toContain('GET')
  })
})
