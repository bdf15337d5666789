// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ref } from 'vue'
import { useAccounts } from '../stores/accounts'
import { useApprovals } from '../stores/approvals'
import { useCurrentAccount } from '../stores/currentAccount'
import { anAccount, anApproval, approvalEvent } from '../testing/fixtures'
import { asked, click, fill, isThere, requests, settled, show, text, useComponentTests } from '../testing/mount'
import type { Account, Approval } from '../types'
import ApprovalsPage from './ApprovalsPage.vue'

vi.mock('../auth', () => ({ auth: { useSession: () => ref({ data: { user: { id: 'u' } } }) } }))

useComponentTests()
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

async function open(account: Partial<Account>, waiting: Approval[], past: Approval[] = []) {
  await show(ApprovalsPage, {}, account)
  for (const q of requests('GET', '/api/approvals')) {
    const state = new URL(q.url, 'http://x').searchParams.get('state')
    const list = state === null ? [...waiting, ...past] : waiting.filter((a) => a.state === state)
    await q.answer({ approvals: list, next_cursor: null })
  }
}
async function press(key: string, on: EventTarget = document.activeElement ?? document.body) {
  on.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))
  await settled()
}
const said = () =>
  asked.filter((q) => q.method === 'POST').map((q) => [q.url.replace('/api/approvals/', ''), q.account, q.body])
const digest = 'd'.repeat(64)

describe('the page of the approvals', () => {
  it('shows a reason as text, with what is asked, by whom, its worth and its prices', async () => {
    await open({}, [anApproval({ reason: '<b id="x">Approve</b> at once' })])
    expect(document.getElementById('x')).toBeNull()
    expect(text('approval-reason')).toContain('“<b id="x">Approve</b> at once')
    expect(text('approval-w')).toMatch(
      /buy 6 AAPL limit 100\.00.*Swing paper.*an API token of user other.*\$600\.00 above \$500\.00.*0 of 1/,
    )
    await requests('GET', '/api/approvals/w/preview')[0]!.answer({ prices: { AAPL: '103' } })
    expect(text('approval-price-AAPL')).toMatch(/100\.00 → 103\.00 \(\+3 %, \d+ s old\)/)
    expect(text('approval-w')).toContain('the order would not be sent')
    await fill('approval-move', '5')
    expect(text('approval-w')).not.toContain('the order would not be sent')
  })

  it('approves and refuses what is marked, by keys, for exactly what is shown', async () => {
    await open({}, [anApproval({ id: 'new', proposed_at: '2026-01-02' }), anApproval({ id: 'old' })])
    await press('a')
    expect(said()).toEqual([])
    await press('j')
    await press('j')
    await press('a')
    expect(said()).toEqual([['old/approve', 'a', { digest, max_price_move: '1' }]])
    await requests('POST', '/api/approvals/old/approve')[0]!.answer(anApproval({ id: 'old', state: 'approved' }))
    expect(text('approvals-told')).toContain('Approved, the order is sent')
    await press('k')
    await press('r')
    expect(said()[1]).toEqual(['new/refuse', 'a', { digest }])
  })

  it('takes no key while somebody writes, and none for what has moved to the place of what was decided', async () => {
    await open({}, [anApproval({ id: 'one', proposed_at: '2026-01-02' }), anApproval({ id: 'two' })])
    await press('j')
    const field = document.querySelector('[data-testid=approval-one] [data-testid=approval-note]')!
    await press('a', field)
    expect(said()).toEqual([])
    useApprovals().receive(approvalEvent(anApproval({ id: 'one', state: 'refused' })))
    await settled()
    expect(isThere('approval-one')).toBe(false)
    await press('a', document.body)
    expect(said()).toEqual([])
    await press('j', document.body)
    await press('a', document.body)
    expect(said().map(([url]) => url)).toEqual(['two/approve'])
  })

  it('asks before it approves with real money, and names the account, the symbol and the worth', async () => {
    await open({ environment: 'live', name: 'Savings' }, [anApproval()])
    await press('j')
    await press('a')
    expect(document.body.textContent).toContain(
      '“Savings” trades real money. Approve: buy 6 AAPL limit 100.00, worth $600.00?',
    )
    await press('a')
    await click('confirm-reject')
    expect(said()).toEqual([])
    await press('a', document.body)
    await click('confirm-accept')
    expect(said()).toHaveLength(1)
  })

  it.each([
    ['a viewer', { role: 'viewer' as const }, {}, 'look, and not approve'],
    ['a trader', { role: 'trader' as const }, {}, 'look, and not approve'],
    ['an owner, of their token’s with four eyes', {}, { proposed_by: 'u', four_eyes: true }, 'four eyes'],
    [
      'an owner, of their own',
      {},
      { proposed_by: 'u', token_id: null, kind: 'switch' as const, request: { switch: 'open' } },
      'You ask for it',
    ],
  ])('says why %s cannot approve, in place of the button', async (_, account, change, why) => {
    await open(account, [anApproval(change)])
    expect(isThere('approval-approve')).toBe(false)
    expect(text('approval-why')).toContain(why)
    expect(isThere('approval-refuse')).toBe(!('role' in account))
    await press('j')
    await press('a')
    expect(said()).toEqual([])
  })

  it.each(['approval_decided', 'approval_changed'])('reads again what was %s meanwhile, and says so', async (code) => {
    await open({}, [anApproval()])
    await click('approval-approve')
    await requests('POST', '/api/approvals/w/approve')[0]!.answer({ code, message: 'No.', request_id: '1' }, 409)
    await requests('GET', '/api/approvals/w')[0]!.answer(anApproval({ state: 'refused' }))
    expect(text('approvals-told')).toContain('Your word was not taken')
    expect(isThere('approval-w')).toBe(false)
  })

  it('moves by itself, and brings nothing of another account in', async () => {
    await open({}, [])
    const current = useCurrentAccount()
    const store = useApprovals()
    for (const [id, account] of [
      ['mine', 'a'],
      ['theirs', 'b'],
    ] as const) {
      store.receive(approvalEvent(anApproval({ id }), account))
      current.apply(approvalEvent(anApproval({ id }), account))
    }
    await settled()
    expect([isThere('approval-mine'), isThere('approval-theirs')]).toEqual([true, false])
    expect(text('approvals-of-Other')).toBe('Look at it')
    await click('approvals-of-Other')
    expect([useAccounts().selectedId, isThere('approval-mine'), isThere('approval-theirs')]).toEqual(['b', false, true])
  })

  it('lists what was decided, and older ones', async () => {
    const past = anApproval({ id: 'past', state: 'void', decided_at: '2026-01-01T00:00:01.000000Z' })
    await show(ApprovalsPage, {}, anAccount())
    for (const q of requests('GET', '/api/approvals'))
      await q.answer({
        approvals: q.url.includes('state') ? [] : [past],
        next_cursor: q.url.includes('state') ? null : 'more',
      })
    expect(text('decided-past')).toContain('its price')
    document.querySelector<HTMLElement>('[data-testid=decided-past] button')!.click()
    await settled()
    await requests('GET', '/api/jobs/past')[0]!.answer({ answer: { message: 'The price of AAPL was 100.' } })
    expect(text('decided-past')).toContain('The price of AAPL was 100.')
    await click('approvals-older')
    const older = requests('GET', '/api/approvals')[0]!
    expect(older.url).toContain('before=more')
    await older.answer({
      approvals: [anApproval({ id: 'older', state: 'used', proposed_at: '2025' })],
      next_cursor: null,
    })
    expect([isThere('decided-older'), isThere('approvals-older')]).toEqual([true, false])
  })
})
