// @vitest-environment happy-dom
import { describe, expect, it, vi } from 'vitest'
import { ref } from 'vue'
import type { SentNotice, Webhook } from '../noticesApi'
import { lastWords } from '../sent'
import { useAccounts } from '../stores/accounts'
import { check, click, fill, isThere, requests, settled, show, submit, text, useComponentTests } from '../testing/mount'
import SentElsewhere from './SentElsewhere.vue'

vi.mock('../auth', () => ({ auth: { useSession: () => ref({ data: { user: { id: 'u' } } }) } }))
useComponentTests()

const state = {
  made_by: 'u',
  created_at: '2026-11-30T12:00:00Z',
  state: 'on' as const,
  off_reason: null,
  cursor: 1,
  delivered_at: null,
  last_status: null,
  last_error: null,
  failing_since: null,
  next_try_at: null,
}
const telegram: SentNotice = {
  ...state,
  id: 'n',
  type: 'telegram',
  chat_id: '42',
  discord_id: null,
  topics: ['fills', 'refusals'],
  time_zone: 'Europe/Berlin',
  quiet_hours: { from: '22:00', until: '07:00' },
  urgent: true,
  summary_at: null,
  quiet_until: null,
}
const hook: Webhook = { ...state, id: 'w', url: 'https://example.com/x', kinds: null }

async function open() {
  await show(SentElsewhere)
  await answer()
}
async function answer() {
  await requests('GET', '/api/notices')[0]!.answer({ notices: [telegram] })
  await requests('GET', '/api/webhooks')[0]!.answer({ webhooks: [hook] })
}
const row = 'sent-Telegram, chat 42'

describe('what is sent elsewhere', () => {
  it('is listed with what became of it, and paused, tested and deleted', async () => {
    await open()
    expect(text(row)).toContain('fills, refusals · quiet from 22:00 until 07:00 (Europe/Berlin)')
    expect(text(row)).toContain('Nothing was sent yet.')
    expect(text('sent-https://example.com/x')).toContain('each event, for programs')
    await click('sent-test')
    await requests('POST', '/api/notices/n/test')[0]!.answer(telegram, 202)
    await answer()
    expect(text('sent-told')).toMatch(/on its way/)
    await click('sent-turn')
    expect(requests('PATCH', '/api/notices/n')[0]!.body).toEqual({ enabled: false })
    await requests('PATCH', '/api/notices/n')[0]!.answer(telegram)
    await answer()
    await click('sent-delete')
    expect(requests('DELETE', '/api/notices/n')).toHaveLength(0) // it asks first
    await click('confirm-accept')
    expect(requests('DELETE', '/api/notices/n')).toHaveLength(1)
  })

  it('says in a person’s words why too many test messages are refused', async () => {
    await open()
    await click('sent-test')
    const message = 'You have had 10 test messages sent within an hour, which is as many as one may. Wait a while.'
    await requests('POST', '/api/notices/n/test')[0]!.answer({ code: 'too_many_test_messages', message }, 429)
    expect(document.querySelector('[role=alert]')!.textContent).toContain(message)
  })

  it('shows nothing of one account under another, also of what is on its way', async () => {
    await open()
    await click('sent-test')
    const [sent] = requests('POST', '/api/notices/n/test')
    useAccounts().select('b')
    await settled()
    expect(isThere(row)).toBe(false)
    expect(text('sent-none')).toBe('Loading …')
    expect(requests('GET', '/api/notices')[0]!.account).toBe('b')
    await sent!.answer(telegram, 202)
    expect(isThere('sent-told')).toBe(false)
    useAccounts().select('a')
    await settled()
    const [mine, theirs] = requests('GET', '/api/notices')
    expect([mine!.account, theirs!.account]).toEqual(['a', 'b'])
    await theirs!.answer({ notices: [telegram] })
    await requests('GET', '/api/webhooks')[1]!.answer({ webhooks: [hook] })
    expect(isThere(row)).toBe(false) // it came too late
  })

  it('adds one, with the hours of the device’s time zone, and keeps no token in the page', async () => {
    await open()
    await click('sent-add')
    await fill('sent-type', 'telegram')
    await fill('sent-token', '123:secret')
    await fill('sent-chat', '-7')
    await check('sent-topic-fills')
    await submit('sent-form')
    const [made] = requests('POST', '/api/notices')
    expect(made!.body).toMatchObject({
      type: 'telegram',
      bot_token: '123:secret',
      chat_id: '-7',
      topics: ['refusals', 'approvals', 'credentials', 'stream', 'limits', 'switch'],
      quiet_hours: null,
      time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    })
    await made!.answer(telegram, 201)
    expect(isThere('sent-form')).toBe(false)
    expect(document.body.innerHTML + JSON.stringify({ ...localStorage, ...sessionStorage })).not.toContain('123:secret')
  })

  it('shows a webhook’s secret once', async () => {
    await open()
    await click('sent-add')
    await fill('sent-type', 'webhook')
    await fill('sent-url', 'https://example.com/y')
    await submit('sent-form')
    expect(requests('POST', '/api/webhooks')[0]!.body).toEqual({ url: 'https://example.com/y' })
    await requests('POST', '/api/webhooks')[0]!.answer({ ...hook, secret: 'whsec_abc' }, 201)
    expect(text('sent-secret')).toBe('whsec_abc')
    await click('sent-has-secret')
    expect(document.body.innerHTML).not.toContain('whsec_abc')
  })

  it('changes what a notice tells of, and nothing of where it goes', async () => {
    await open()
    await click('sent-change')
    expect(isThere('sent-type')).toBe(false)
    await check('sent-topic-orders')
    await submit('sent-form')
    expect(requests('PUT', '/api/notices/n')[0]!.body).toMatchObject({
      topics: ['fills', 'refusals', 'orders'],
      time_zone: 'Europe/Berlin',
      quiet_hours: { from: '22:00', until: '07:00' },
    })
  })

  it('is an owner’s alone', async () => {
    await show(SentElsewhere, {}, { role: 'trader' })
    expect(isThere('sent-not-yours')).toBe(true)
    expect(requests('GET', '/api/notices')).toHaveLength(0)
  })
})

it('says what became of the last message', () => {
  expect(lastWords({ ...state, last_error: 'the receiver answered 500', next_try_at: '2026-11-30T12:00:00Z' })).toMatch(
    /^Not taken: the receiver answered 500\. Tried again at .*2026/,
  )
  expect(lastWords({ ...state, state: 'off', off_reason: 'failing', last_error: 'the receiver took too long' })).toBe(
    'Switched off: nothing was taken for three days. the receiver took too long.',
  )
})
