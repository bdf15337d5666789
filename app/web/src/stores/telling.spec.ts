// @vitest-environment happy-dom
import type { LiveEvent } from 'paddock-live'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick, ref } from 'vue'
import { anAccount, anApproval, anOrder, approvalEvent, credentialsEvent, orderEvent } from '../testing/fixtures'
import { settled, useComponentTests } from '../testing/mount'
import { useAccounts } from './accounts'
import { useNotices } from './notices'
import { useNoticeSettings } from './noticeSettings'
import { useTelling } from './telling'

const of = ref({ data: { user: { id: 'u' } } })
vi.mock('../auth', () => ({ auth: { useSession: () => of } }))
const beeps = vi.hoisted(() => [] as boolean[])
vi.mock('../beep', () => ({ beep: (bad: boolean) => beeps.push(bad) }))
useComponentTests()

const fill = { id: 'e', qty: '5', price: '190.5', at: '' }
const filled = (account = 'a', side: 'buy' | 'sell' = 'buy') => {
  const e = orderEvent(anOrder({ side }), account, fill)
  return { ...e, data: { ...e.data, event: 'fill' } } as LiveEvent
}
const rejected = (account = 'a') =>
  ({
    ...orderEvent(anOrder(), account),
    data: { event: 'rejected', order: anOrder({ status_message: 'no' }) },
  }) as LiveEvent

interface Shown {
  title: string
  options: NotificationOptions
}
const shown: Shown[] = []
const held: { name: string }[] = []
let telling: ReturnType<typeof useTelling>

beforeEach(() => {
  of.value = { data: { user: { id: 'u' } } }
  beeps.length = shown.length = held.length = 0
  class Fake {
    static permission = 'granted'
    onclick?: () => void
    close() {}
    constructor(title: string, options: NotificationOptions) {
      shown.push({ title, options })
    }
  }
  vi.stubGlobal('Notification', Fake)
  const locks = {
    request: (name: string, ...rest: unknown[]) => {
      const run = rest.at(-1) as () => Promise<void>
      held.push({ name })
      return run()
    },
    query: () => Promise.resolve({ held }),
  }
  Object.defineProperty(navigator, 'locks', { value: locks, configurable: true })
})
afterEach(() => {
  telling?.end()
  vi.useRealTimers()
})

function see(state: 'visible' | 'hidden') {
  Object.defineProperty(document, 'visibilityState', { value: state, configurable: true })
  Object.defineProperty(document, 'hidden', { value: state === 'hidden', configurable: true })
  document.dispatchEvent(new Event('visibilitychange'))
}

function setUp() {
  const accounts = useAccounts()
  accounts.list = [anAccount({ id: 'a', name: 'Mine' }), anAccount({ id: 'b', name: 'Other', environment: 'live' })]
  accounts.select('a')
  telling = useTelling()
  telling.begin(() => {})
  return { wishes: useNoticeSettings(), notices: useNotices() }
}
const summaries = () => useNotices().shown.map((n) => [n.summary, n.detail])

describe('telling on the page', () => {
  it('tells of the other accounts too, by their name, unless that is switched off', () => {
    const { wishes } = setUp()
    telling.receive(filled('b', 'sell'))
    telling.receive(filled('strange'))
    expect(summaries()).toEqual([['Sold 5 AAPL', 'at 190.50 · Other (live)']])
    wishes.settings.others = false
    telling.receive(filled('b'))
    telling.receive(filled('a'))
    expect(summaries().slice(1)).toEqual([['Bought 5 AAPL', 'at 190.50 · Mine']])
  })

  it('tells of refusals as of fills, and of keys that stopped working', () => {
    setUp()
    telling.receive(rejected('b'))
    telling.receive(credentialsEvent('needs_credentials', 'b'))
    telling.receive(credentialsEvent('stored', 'b'))
    expect(summaries()).toEqual([
      ['Refused: buy 10 AAPL market', 'no · Other (live)'],
      ['Alpaca refuses the API keys', 'Nothing is traded or read until new ones are entered. · Other (live)'],
    ])
  })

  it('tells nothing of what is switched off, or while it is to be quiet', () => {
    vi.useFakeTimers({ now: new Date('2026-12-01T12:00:00') })
    const { wishes } = setUp()
    wishes.settings.off = ['fills']
    telling.receive(filled())
    wishes.settings.off = []
    wishes.beQuiet(3_600_000)
    telling.receive(filled())
    expect(wishes.quiet).toBe(true)
    vi.setSystemTime(new Date('2026-12-01T13:00:00'))
    wishes.settings.hours = { from: '12:30', until: '13:30' }
    telling.receive(rejected())
    expect(summaries()).toEqual([])
    vi.setSystemTime(new Date('2026-12-01T13:30:00'))
    telling.receive(rejected())
    expect(summaries()).toHaveLength(1)
  })

  it('beeps where that is wanted, and in one tab alone', async () => {
    const { wishes } = setUp()
    telling.receive(filled())
    wishes.settings.sound = true
    telling.receive(filled())
    telling.receive(rejected())
    expect(beeps).toEqual([false, true])
    await nextTick()
  })

  it('has wishes of each user’s own, of which nothing stays for the next', async () => {
    const { wishes } = setUp()
    wishes.settings.off = ['fills']
    await settled()
    expect(localStorage.getItem('paddock.notices.u')).toContain('fills')
    of.value = { data: { user: { id: 'v' } } }
    await settled()
    expect(wishes.settings.off).toEqual([])
    expect(localStorage.getItem('paddock.notices.v')).toBeNull()
    of.value = { data: { user: { id: 'u' } } }
    await settled()
    expect(wishes.settings.off).toEqual(['fills'])
  })
})

describe('telling by the browser', () => {
  async function told() {
    await vi.advanceTimersByTimeAsync(1500)
    return shown.map((n) => [n.title, n.options.body])
  }
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }))

  it('tells where nobody sees the page, and only where that is wanted', async () => {
    const { wishes } = setUp()
    see('hidden')
    held.length = 0
    telling.receive(filled('b'))
    expect(await told()).toEqual([])
    wishes.settings.browser = true
    telling.receive(filled('b'))
    expect(await told()).toEqual([['Bought 5 AAPL', 'at 190.50 · Other (live)']])
    held.push({ name: 'paddock.seen.u' }) // another tab of the user's
    telling.receive(filled('b'))
    expect(await told()).toHaveLength(1)
  })

  it('tells much that comes together as one', async () => {
    const { wishes } = setUp()
    wishes.settings.browser = true
    see('hidden')
    held.length = 0
    for (let i = 0; i < 34; i++) telling.receive(filled(i % 2 ? 'a' : 'b'))
    telling.receive(rejected('a'))
    expect(await told()).toEqual([['35 notices', '34 fills, net −32,385.00 · 1 refusal · Other (live), Mine']])
  })

  it('tells nothing after its user has signed out', async () => {
    const { wishes } = setUp()
    wishes.settings.browser = true
    see('hidden')
    held.length = 0
    telling.receive(filled('b'))
    telling.end()
    expect(await told()).toEqual([])
  })

  it('leaves it to another tab that tells', async () => {
    Object.defineProperty(navigator, 'locks', {
      value: { request: () => new Promise(() => {}), query: () => Promise.resolve({ held: [] }) },
      configurable: true,
    })
    const { wishes } = setUp()
    wishes.settings.browser = wishes.settings.sound = true
    see('hidden')
    telling.receive(filled('b'))
    expect([await told(), beeps]).toEqual([[], []])
    expect(summaries()).toHaveLength(1) // each tab shows it on its page
  })

  it('opens the page and the dialog of what is pressed, and does nothing by itself', async () => {
    const notified: NotificationOptions[] = []
    Object.defineProperty(navigator, 'serviceWorker', {
      value: {
        getRegistration: () =>
          Promise.resolve({
            active: true,
            showNotification: (_: string, options: NotificationOptions) => notified.push(options),
            getNotifications: () => Promise.resolve([]),
          }),
        addEventListener() {},
        removeEventListener() {},
      },
      configurable: true,
    })
    const { wishes } = setUp()
    wishes.settings.browser = true
    see('hidden')
    held.length = 0
    telling.receive({ ...approvalEvent(anApproval({ id: 'w1' }), 'b'), at: new Date().toISOString() })
    telling.receive(filled('b'))
    await told()
    expect(notified.map((n) => n.data)).toEqual([
      {
        url: '/approvals?account=b',
        urls: { approve: '/approvals?account=b#approve=w1', refuse: '/approvals?account=b#refuse=w1' },
      },
      { url: '/?account=b', urls: { halt: '/guards?account=b#halt' } },
    ])
  })
})
