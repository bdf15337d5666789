// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ref } from 'vue'
import { useAccounts } from '../stores/accounts'
import { useApprovals } from '../stores/approvals'
import { useNotices } from '../stores/notices'
import { useOrders } from '../stores/orders'
import { aJob, anApproval, anOrder } from '../testing/fixtures'
import {
  asked,
  at,
  click,
  fill,
  isThere,
  requests,
  settled,
  show,
  submit,
  text,
  useComponentTests,
} from '../testing/mount'
import OrderTicket from './OrderTicket.vue'

vi.mock('../auth', () => ({ auth: { useSession: () => ref({ data: { user: { id: 'u' } } }) } }))

useComponentTests()
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

const allowed = {
  allowed: true,
  estimated_cost: '950',
  buying_power: { before: '1000', after: '50', enough: true },
  session: { name: 'regular', next_open: '2026-01-02T14:30:00Z' },
  violations: [],
  warnings: [],
  collisions: [],
}
const sent = () => requests('POST', '/api/orders')
const preview = () => requests('POST', '/api/orders/preview')
const button = () => at<HTMLButtonElement>('ticket-submit')

async function fillIn() {
  await fill('ticket-symbol', 'aapl')
  await fill('ticket-qty', '5')
}

describe('the order ticket', () => {
  it('sends the order for the account that is selected, once for two clicks, and says what Alpaca says', async () => {
    await show(OrderTicket)
    expect(button().disabled).toBe(true)
    await fillIn()
    await submit('ticket')
    await submit('ticket')
    expect(sent()).toHaveLength(1)
    expect(sent()[0]).toMatchObject({
      account: 'a',
      body: { symbol: 'AAPL', side: 'buy', type: 'market', time_in_force: 'day', qty: '5' },
    })
    await sent()[0]!.answer(anOrder({ status: 'pending_new' }), 201)
    expect(text('ticket')).toContain('Buy 10 AAPL market. Order sent; Alpaca says: pending new.')
    // It is for another order now: Enter again sends nothing, and asks for no preview either.
    await submit('ticket')
    await vi.advanceTimersByTimeAsync(1000)
    expect([sent().length, preview().length, button().disabled]).toEqual([1, 0, true])
    expect([at<HTMLInputElement>('ticket-qty').value, at<HTMLInputElement>('ticket-symbol').value]).toEqual([
      '',
      'aapl',
    ])
    await fill('ticket-qty', '6') // what became of the last one does not stand above the next one's button
    expect(text('ticket')).not.toContain('Alpaca says')
  })

  it('sends a lost order again under the same id, and one with another content under another', async () => {
    await show(OrderTicket)
    await fillIn()
    const id = () => (sent()[0]!.body as { client_order_id: string }).client_order_id
    await submit('ticket')
    const first = id()
    await sent()[0]!.lose()
    expect(text('ticket-error')).toContain('cannot be reached')
    await submit('ticket')
    expect([sent().length, id()]).toEqual([2, first])
    await sent()[0]!.lose()
    useOrders().put(anOrder({ id: 'late', client_order_id: first, status: 'filled' })) // it went through
    await settled()
    expect(isThere('ticket-error')).toBe(false)
    expect(text('ticket')).toContain('Alpaca says: filled.')
    await fill('ticket-qty', '6')
    await submit('ticket')
    expect(sent()).toHaveLength(3)
    expect(id()).not.toBe(first)
  })

  it('leaves the next order that was begun while the one before was on its way', async () => {
    await show(OrderTicket)
    await fillIn()
    await submit('ticket')
    await fill('ticket-symbol', 'msft')
    await sent()[0]!.answer(anOrder(), 201)
    expect([at<HTMLInputElement>('ticket-symbol').value, at<HTMLInputElement>('ticket-qty').value]).toEqual([
      'msft',
      '5',
    ])
  })

  it('takes another id after an order was placed', async () => {
    await show(OrderTicket)
    await fillIn()
    for (let i = 0; i < 2; i++) {
      await fill('ticket-qty', '5')
      await submit('ticket')
      await sent()[0]!.answer(anOrder(), 201)
    }
    const ids = sent().map((q) => (q.body as { client_order_id: string }).client_order_id)
    expect(new Set(ids).size).toBe(2)
  })

  it('asks before it orders with real money, and does nothing without a yes', async () => {
    await show(OrderTicket, {}, { environment: 'live' })
    await fillIn()
    await submit('ticket')
    expect(document.body.textContent).toContain('Live account: buy 5 AAPL with real money?')
    await click('confirm-reject')
    expect(sent()).toHaveLength(0)
    await submit('ticket')
    await click('confirm-accept')
    expect(sent()).toHaveLength(1)
  })

  it('sends nothing where another account was selected while it asked', async () => {
    await show(OrderTicket, {}, { environment: 'live' })
    await fillIn()
    await submit('ticket')
    useAccounts().select('b')
    await settled()
    if (isThere('confirm-accept')) await click('confirm-accept')
    expect(sent()).toHaveLength(0)
  })

  it('keeps nothing of one account for another, and no late answer', async () => {
    await show(OrderTicket)
    await fillIn()
    await submit('ticket')
    useAccounts().select('b')
    await settled()
    expect(at<HTMLInputElement>('ticket-qty').value).toBe('')
    await sent()[0]!.answer({ code: 'refused', message: 'Of the other account.', request_id: '1' }, 422)
    expect(isThere('ticket-error')).toBe(false)
    expect(useNotices().shown).toMatchObject([
      { severity: 'error', summary: 'Buy 5 AAPL on Swing: not done', detail: 'Of the other account.' },
    ])
  })

  it('cannot send what a guard refuses, and says which', async () => {
    await show(OrderTicket)
    await fillIn()
    await vi.advanceTimersByTimeAsync(400)
    const violation = { guard: 'max_order_notional', limit: '100', value: '950', message: 'It is worth more than 100.' }
    await preview()[0]!.answer({ ...allowed, allowed: false, violations: [violation] })
    expect(text('ticket-submit')).toBe('Refused by a guard: order value')
    expect(button().disabled).toBe(true)
    await submit('ticket')
    expect(sent()).toHaveLength(0)
  })

  it('does not say that an order was sent that waits for a person, and says what became of it', async () => {
    await show(OrderTicket)
    await fillIn()
    await submit('ticket')
    await sent()[0]!.answer(aJob(), 202)
    expect(text('ticket')).not.toMatch(/Order sent|Sent\./)
    expect(text('ticket-waiting')).toContain('Not sent: the order waits for approval.')
    expect(at('ticket-waiting').querySelector('[to="/approvals"]')).not.toBeNull()
    expect(useOrders().list).toEqual([])
    useApprovals().put('a', anApproval({ state: 'refused' }))
    await settled()
    expect(text('ticket-waiting')).toContain('was not placed (refused)')
  })

  it('tells of the order once there is one', async () => {
    await show(OrderTicket)
    await fillIn()
    await submit('ticket')
    await sent()[0]!.answer(aJob(), 202)
    useApprovals().put('a', anApproval({ state: 'used' }))
    useOrders().put(anOrder({ id: 'w', status: 'new' }))
    await settled()
    expect(isThere('ticket-waiting')).toBe(false)
    expect(text('ticket')).toContain('Order sent; Alpaca says: new.')
  })

  it('says before that it would wait, and asks no other preview for a reason', async () => {
    await show(OrderTicket)
    await fillIn()
    await vi.advanceTimersByTimeAsync(400)
    const approval = { above: '500', worth: '950.00', needed: 1, seconds: 3600, four_eyes: false }
    await preview()[0]!.answer({ ...allowed, approval })
    expect(text('preview-approval')).toBe('Would wait for a person to approve it: worth $950.00, above $500.00.')
    expect(text('ticket-submit')).toBe('Ask to buy AAPL')
    await fill('ticket-reason', ' the gap closes ')
    await vi.advanceTimersByTimeAsync(1000)
    expect(preview()).toHaveLength(1)
    await submit('ticket')
    expect(sent()[0]!.body).toMatchObject({ reason: 'the gap closes' })
  })

  it.each([
    ['viewer', { role: 'viewer' as const }],
    ['paused', { is_active: false }],
  ])('is barred: %s', async (_, account) => {
    await show(OrderTicket, {}, account)
    await fillIn()
    await vi.advanceTimersByTimeAsync(1000)
    expect(isThere('ticket-barred')).toBe(true)
    expect(button().disabled).toBe(true)
    expect(asked.filter((q) => q.url.includes('preview'))).toHaveLength(0)
  })
})
