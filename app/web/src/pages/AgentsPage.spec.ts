// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { useAccounts } from '../stores/accounts'
import { useTokens } from '../stores/tokens'
import { aToken } from '../testing/fixtures'
import {
  at,
  check,
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
import type { Account, Token } from '../types'
import AgentsPage from './AgentsPage.vue'

useComponentTests()

const secret = 'pdk_ABCDEFGHIJKLMNOPQRSTUVWXYZ2345678'

async function open(tokens: Token[], account: Partial<Account> = {}) {
  await show(AgentsPage, {}, account)
  for (const q of requests('GET', '/api/tokens')) await q.answer({ tokens })
}

describe('the page of agents', () => {
  it('shows a token with those that were made of it below it, and what is left of today', async () => {
    const today = [{ account_id: 'a', orders: 3, orders_left: 2, refusals_in_a_row: 1 }]
    await open([aToken({ id: 'c', name: 'Child', parent_id: 'r', today }), aToken({ id: 'r', name: 'Root' })])
    const root = at('token-Root')
    expect(root.querySelector('[data-testid="token-Child"]')).not.toBeNull()
    expect(text('token-Child')).toContain('3 orders today, 2 left')
    expect(text('token-Child')).toContain('1 refused in a row')
  })

  it('makes a token, shows it once, and has it nowhere after its dialog is closed', async () => {
    await open([])
    await click('make-token')
    await fill('token-name', 'Momentum')
    await check('token-scope-trade')
    await submit('token-form')
    const [sent] = requests('POST', '/api/tokens')
    expect(sent!.body).toMatchObject({ name: 'Momentum', accounts: ['a'], paper_only: true })
    expect((sent!.body as { scopes: string[] }).scopes).toContain('trade')
    const made = aToken({ id: 'm', name: 'Momentum' })
    await sent!.answer({ ...made, token: secret }, 201)
    await requests('GET', '/api/tokens')[0]!.answer({ tokens: [made] })
    expect(text('token-text')).toContain(secret)
    expect(text('token-curl')).not.toContain(secret)
    await click('token-done')
    expect(isThere('token-made')).toBe(false)
    expect(document.documentElement.innerHTML).not.toContain(secret)
    expect(JSON.stringify(useTokens().all)).not.toContain(secret)
    expect(JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href])).not.toContain(secret)
    await click('make-token')
    expect(document.documentElement.innerHTML).not.toContain(secret)
  })

  it('closes a token that is shown when another account is', async () => {
    await open([])
    await click('make-token')
    await fill('token-name', 'x')
    await submit('token-form')
    await requests('POST', '/api/tokens')[0]!.answer({ ...aToken(), token: secret }, 201)
    expect(isThere('token-made')).toBe(true)
    useAccounts().select('b')
    await settled()
    expect(document.documentElement.innerHTML).not.toContain(secret)
  })

  it('says before it revokes what ends with it, and reads what there is then', async () => {
    const root = aToken({ id: 'r', name: 'Root' })
    await open([root, aToken({ id: 'c', name: 'Child', parent_id: 'r' }), aToken({ id: 'o', name: 'Other' })])
    await click('revoke-Root')
    const asked = document.querySelector('.p-dialog')!.textContent!
    expect(asked).toContain('With it ends “Child”')
    expect(asked).toContain('connections end within a second')
    expect(requests('DELETE', '/api/tokens/r')).toHaveLength(0)
    await click('confirm-accept')
    await requests('DELETE', '/api/tokens/r')[0]!.answer({ revoked: ['r', 'c'] })
    await requests('GET', '/api/tokens')[0]!.answer({
      tokens: [{ ...root, state: 'revoked', revoked_at: root.created_at }],
    })
    expect(isThere('token-Root')).toBe(false)
  })

  it('makes a narrower one of a token, which offers no more than that one has', async () => {
    await open([aToken({ id: 'r', name: 'Root', scopes: ['read', 'log'] })])
    await click('narrower-Root')
    expect([isThere('token-scope-log'), isThere('token-scope-trade')]).toEqual([true, false])
    await fill('token-name', 'Helper')
    await submit('token-form')
    expect(requests('POST', '/api/tokens')[0]!.body).toMatchObject({ parent_id: 'r', scopes: ['read', 'log'] })
  })

  it('lets a token go on that refusals have stopped', async () => {
    await open([aToken({ id: 'r', name: 'Root', stopped_on: ['a'] })])
    expect(text('token-Root')).toContain('stopped by refusals')
    await click('reset-Root')
    await requests('POST', '/api/tokens/r/reset')[0]!.answer(aToken({ id: 'r', name: 'Root' }))
    await requests('GET', '/api/tokens')[0]!.answer({ tokens: [aToken({ id: 'r', name: 'Root' })] })
    expect(isThere('reset-Root')).toBe(false)
  })

  it('shows no token of the account before, also where its answer comes late', async () => {
    await show(AgentsPage)
    const late = requests('GET', '/api/tokens')
    useAccounts().select('b')
    await settled()
    for (const q of late) await q.answer({ tokens: [aToken({ name: 'Of a' })] })
    expect(document.body.textContent).not.toContain('Of a')
    const now = requests('GET', '/api/tokens').filter((q) => !late.includes(q))
    expect(now.length).toBeGreaterThan(0)
    for (const q of now)
      await q.answer({ tokens: [aToken({ name: 'Of a' }), aToken({ id: 'b1', name: 'Of b', accounts: ['b'] })] })
    expect(isThere('token-Of b')).toBe(true)
    expect(isThere('token-Of a')).toBe(false)
  })

  it('tells a viewer why their tokens only read', async () => {
    await open([], { role: 'viewer' })
    expect(text('agents-reads')).toContain('viewer, only reads')
  })
})
