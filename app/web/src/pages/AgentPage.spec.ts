// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { mostLines } from '../agents/logLines'
import { useAccounts } from '../stores/accounts'
import { useApprovals } from '../stores/approvals'
import { useCurrentAccount } from '../stores/currentAccount'
import { aToken, anApproval, anOrder, logEvent, someGuards } from '../testing/fixtures'
import { asked, at, click, fill, isThere, requests, settled, show, text, useComponentTests } from '../testing/mount'
import type { Account, Budget } from '../types'
import AgentPage from './AgentPage.vue'

useComponentTests()

const budget = (change: Partial<Budget['budget']> = {}): { budget: Budget['budget'] } => ({
  budget: {
    account: { id: 'a', name: 'Swing', environment: 'paper', is_active: true },
    scopes: ['read', 'trade'],
    switch: 'open',
    cash: '1000',
    equity: '1000',
    as_of: null,
    sleeve: null,
    limits: {},
    left: { orders_this_minute: null, orders_today: 3, open_orders: null, daily_loss: '40.5', drawdown: null },
    stops: [],
    ...change,
  },
})

async function answerAll() {
  for (let round = 0; round < 4; round++)
    for (const q of [...asked]) {
      const path = q.url.split('?')[0]!
      if (path === '/api/tokens') await q.answer({ tokens: [aToken({ limits: { max_refusals: 3 } })] })
      if (path === '/api/guards') await q.answer(someGuards())
      if (path === '/api/sleeves')
        await q.answer({ sleeves: [], unassigned: { cash: null, positions: [], as_of: null } })
      if (path === '/api/budget') await q.answer(budget())
      if (path === '/api/agent-logs') await q.answer({ agent_logs: [], next_cursor: null })
      if (path === '/api/approvals') await q.answer({ approvals: [], next_cursor: null })
      if (path === '/api/trading-positions') await q.answer({ trading_positions: [], next_cursor: null })
      if (path === '/api/orders')
        await q.answer({
          orders: [anOrder({ id: 'o1', token_id: 't' })],
          next_cursor: null,
          as_of: null,
          source: 'mirror',
        })
    }
}

async function open(account: Partial<Account> = {}) {
  await show(AgentPage, { id: 't' }, account)
  await answerAll()
}

describe('the page of an agent', () => {
  it('shows its limits with what is left, its orders and its refusals', async () => {
    await open()
    expect(text('agent-left')).toMatch(/Orders today, left3.*Loss of the day, left\$40\.50/)
    expect(text('agent-refusals')).toBe('0 of 3')
    expect(at('agent-orders').querySelector('[data-testid="order-o1"]')).not.toBeNull()
    expect(requests('GET', '/api/orders')[0]!.url).toContain('token_id=t')
    expect(requests('GET', '/api/trading-positions')[0]!.url).toMatch(/scope=token&scope_value=t/)
  })

  it('says what stops it', async () => {
    await show(AgentPage, { id: 't' })
    for (const q of requests('GET', '/api/tokens')) await q.answer({ tokens: [aToken()] })
    const stop = (guard: 'heartbeat' | 'max_refusals') => ({ guard, message: 'POST /api/…' }) as never
    for (const q of requests('GET', '/api/budget'))
      await q.answer(budget({ stops: [stop('heartbeat'), stop('max_refusals')] }))
    expect(text('stop-heartbeat')).toContain('opens nothing')
    expect(text('stop-refusals')).toContain('let it go on')
    expect(text('agent-budget')).not.toContain('/api/')
  })

  it('shows what it says as it comes, and of no other token or account', async () => {
    await open()
    const current = useCurrentAccount()
    current.apply(logEvent(['mine']))
    current.apply(logEvent(['another token’s'], 'x', 'a', 10))
    current.apply(logEvent(['another account’s'], 't', 'b', 20))
    current.apply(logEvent(['a session’s'], null, 'a', 30))
    await settled()
    expect(at('log-lines').dataset.lines).toBe('1')
    expect(text('log-lines')).toContain('mine')
  })

  it('holds what comes while it is paused, and shows it then', async () => {
    await open()
    const current = useCurrentAccount()
    current.apply(logEvent(['before']))
    await click('log-pause')
    current.apply(logEvent(['meanwhile', 'and then'], 't', 'a', 5))
    await settled()
    expect(at('log-lines').dataset.lines).toBe('1')
    expect(text('log-pause')).toBe('Go on (2 new)')
    await click('log-pause')
    expect(at('log-lines').dataset.lines).toBe('3')
  })

  it('keeps some thousands of lines, and has those in sight in the page alone', async () => {
    await open()
    const current = useCurrentAccount()
    const twenty = Array.from({ length: 20 }, (_, n) => `line ${n}`)
    for (let n = 0; n < mostLines + 400; n += 20) current.apply(logEvent(twenty, 't', 'a', n))
    await settled()
    expect(at('log-lines').dataset.lines).toBe(String(mostLines))
    expect(document.querySelectorAll('[data-testid="log-line"]').length).toBeLessThan(60)
    await click('log-pause')
    for (let n = 0; n < mostLines + 400; n += 20) current.apply(logEvent(twenty, 't', 'a', 10_000 + n))
    await click('log-pause')
    expect(at('log-lines').dataset.lines).toBe(String(mostLines))
  })

  it('asks for the levels that are wanted, and takes no others live', async () => {
    await open()
    await fill('log-level', 'warn')
    await settled()
    const again = requests('GET', '/api/agent-logs')[0]!
    expect(again.url).toContain('min_level=warn')
    await again.answer({ agent_logs: [], next_cursor: null })
    useCurrentAccount().apply(logEvent(['an info']))
    await settled()
    expect(at('log-lines').dataset.lines).toBe('0')
  })

  it('reads what came in a request with more lines than an event has', async () => {
    await open()
    const before = requests('GET', '/api/agent-logs').length
    const event = logEvent(['the last'])
    Object.assign(event.data, { count: 21 })
    useCurrentAccount().apply(event)
    await new Promise((done) => setTimeout(done, 400))
    expect(requests('GET', '/api/agent-logs').length).toBe(before + 1)
  })

  it('shows nothing of the account before, also where its answers come late', async () => {
    await show(AgentPage, { id: 't' })
    const late = [...asked]
    useAccounts().select('b')
    await settled()
    for (const q of late) {
      const path = q.url.split('?')[0]!
      if (path === '/api/tokens') await q.answer({ tokens: [aToken({ name: 'Of a' })] })
      if (path === '/api/budget') await q.answer(budget())
      if (path === '/api/agent-logs')
        await q.answer({
          agent_logs: [
            {
              id: 'l',
              at: '2026-01-01T00:00:00Z',
              orchestrator_agent_id: null,
              order_id: null,
              level: 'info',
              message: 'said on a',
              data: null,
              user_id: null,
              token_id: 't',
              created_at: '2026-01-01T00:00:00Z',
            },
          ],
          next_cursor: null,
        })
      if (path === '/api/orders')
        await q.answer({
          orders: [anOrder({ id: 'of-a', token_id: 't' })],
          next_cursor: null,
          as_of: null,
          source: 'mirror',
        })
    }
    await settled()
    expect(document.body.textContent).not.toMatch(/Of a|said on a/)
    expect(isThere('order-of-a')).toBe(false)
    expect(requests('GET', '/api/agent-logs')[0]!.account).toBe('b')
  })

  it('leads to what waits for a person’s word, and shows of another token’s nothing', async () => {
    await open()
    expect(isThere('agent-approvals')).toBe(false)
    useApprovals().put('a', anApproval({ id: 'w1', token_id: 't' }))
    useApprovals().put('a', anApproval({ id: 'w2', token_id: 'x' }))
    await settled()
    expect(at('agent-approvals').querySelectorAll('li')).toHaveLength(1)
    expect(isThere('agent-to-approvals')).toBe(true)
  })

  it('offers a viewer no change, and says whose it is', async () => {
    await show(AgentPage, { id: 'theirs' }, { role: 'viewer' })
    await answerAll()
    expect(text('agent-unknown')).toContain('only its user can change')
    expect([isThere('agent-halt'), isThere('agent-revoke'), isThere('agent-narrower')]).toEqual([false, false, false])
    expect(isThere('agent-logs')).toBe(true)
  })
})
