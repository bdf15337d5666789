// @vitest-environment happy-dom
import { config } from '@vue/test-utils'
import type { LiveEvent } from 'paddock-live'
import { describe, expect, it, vi } from 'vitest'
import { ref } from 'vue'
import NoticeBell from '../components/NoticeBell.vue'
import NoticeHistory from '../components/NoticeHistory.vue'
import NoticeWishes from '../components/NoticeWishes.vue'
import { useHistory } from '../stores/history'
import { useNoticeSettings } from '../stores/noticeSettings'
import { anOrder, orderEvent } from '../testing/fixtures'
import { at, check, click, fill, isThere, requests, settled, show, text, useComponentTests } from '../testing/mount'

vi.mock('../auth', () => ({ auth: { useSession: () => ref({ data: { user: { id: 'u' } } }) } }))
vi.mock('vue-router', () => ({ useRouter: () => ({ push: () => Promise.resolve() }) }))
useComponentTests()
config.global.renderStubDefaultSlot = true // links with their words

const start = Date.UTC(2026, 10, 30, 12)
const execution = { id: 'e', qty: '2', price: '100', at: '' }
function filled(cursor: number, account: string, agent: string | null = null): LiveEvent {
  const e = orderEvent(anOrder({ orchestrator_agent_id: agent }), account, execution)
  const data = { ...e.data, event: 'fill' }
  return { ...e, cursor, at: new Date(start + cursor * 1000).toISOString(), data } as LiveEvent
}
const rejected = (cursor: number, account: string): LiveEvent =>
  ({ ...filled(cursor, account), data: { event: 'rejected', order: anOrder({ symbol: 'TSLA' }) } }) as LiveEvent

/** Shows the history of two accounts. */
async function open() {
  await show(NoticeHistory, {}, { environment: 'live' })
  const answer = async (events: LiveEvent[], read: number) =>
    requests('GET', '/api/events/history')[0]!.answer({ events, next_cursor: null, head: 60, read_cursor: read })
  await answer([rejected(50, 'a'), ...[34, 33, 32, 31].map((n) => filled(n, 'a', 'mean-reversion'))], 40)
  await answer([filled(40, 'b')], 60)
}
const rows = () =>
  [...document.querySelectorAll('[data-testid=history] > li')].map((li) => li.textContent!.replace(/\s+/g, ' ').trim())

describe('the list of what happened', () => {
  it('names the account of each, groups what came together, and marks what was not read', async () => {
    await open()
    expect(rows()).toHaveLength(3)
    expect(rows()[0]).toMatch(/Refused: buy 10 TSLA market.*unread Swing live/)
    expect(rows()[1]).toMatch(/Bought 2 AAPL.*Other paperat 100.00/)
    expect(rows()[1]).not.toContain('unread')
    expect(rows()[2]).toMatch(/4 fills · mean-reversion · net −800.00.*Swing live/)
    document.querySelector<HTMLElement>('button.group')!.click()
    await settled()
    expect(document.querySelectorAll('.parts li')).toHaveLength(4)
    expect(document.querySelector('button.group')!.getAttribute('aria-expanded')).toBe('true')
  })

  it('is of one account, and of one kind, where that is chosen', async () => {
    await open()
    await fill('history-account', 'b')
    expect(rows()).toHaveLength(1)
    await fill('history-topic', 'refusals')
    expect(text('history-none')).toBe('Nothing happened yet.')
    await fill('history-account', '')
    expect(rows()).toHaveLength(1)
    expect(rows()[0]).toContain('TSLA')
  })

  it('marks all read, and says so at the bell', async () => {
    await open()
    await show(NoticeBell)
    expect(at('bell').getAttribute('aria-label')).toBe('1 unread notice')
    expect(text('bell-count')).toBe('1')
    await click('history-mark-read')
    await requests('PUT', '/api/events/read')[0]!.answer({ read_cursor: 60 })
    expect(at('bell').getAttribute('aria-label')).toBe('Notices, none unread')
    expect(at<HTMLButtonElement>('history-mark-read').disabled).toBe(true)
    expect(rows().join()).not.toContain('unread')
  })

  it('does not say that nothing happened where that is not known', async () => {
    await show(NoticeHistory)
    expect(text('history-none')).toBe('Loading …')
    await requests('GET', '/api/events/history')[0]!.answer({ code: 'internal', message: 'No.' }, 500)
    await requests('GET', '/api/events/history')[0]!.answer({ events: [], next_cursor: null, head: 0, read_cursor: 0 })
    expect(text('history-none')).toBe('Not known: it could not be read.')
  })

  it('counts to more than a page of it', async () => {
    await show(NoticeBell)
    const history = useHistory()
    void history.follow('a')
    await settled()
    const events = Array.from({ length: 50 }, (_, i) => filled(100 - i, 'a'))
    await requests('GET', '/api/events/history')[0]!.answer({ events, next_cursor: '51', head: 100, read_cursor: 3 })
    expect(at('bell').getAttribute('aria-label')).toBe('50+ unread notices')
  })
})

describe('how the user is told', () => {
  it('is chosen by kind, account and time, and by no prompt of the browser’s at first', async () => {
    const ask = vi.fn(() => Promise.resolve('granted'))
    vi.stubGlobal('Notification', Object.assign(class {}, { permission: 'default', requestPermission: ask }))
    Object.defineProperty(navigator, 'locks', { value: {}, configurable: true })
    await show(NoticeWishes)
    const { settings } = useNoticeSettings()
    await check('told-fills')
    await check('told-others')
    expect([settings.off, settings.others]).toEqual([['fills'], false])
    await check('told-fills')
    expect(settings.off).toEqual([])
    await click('quiet-hour')
    expect(text('quiet-now')).toMatch(/^Quiet until .*: nothing is told at the moment/)
    document.querySelector<HTMLElement>('[data-testid=quiet-now] button')!.click()
    await settled()
    expect(isThere('quiet-now')).toBe(false)
    expect(ask).not.toHaveBeenCalled()
    await click('told-ask')
    expect(ask).toHaveBeenCalledTimes(1)
    expect(settings.browser).toBe(true)
  })
})
