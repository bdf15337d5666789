import type { Handlers, LiveEvent, LiveOptions } from 'paddock-live'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick, ref } from 'vue'
import { anAccount, anApproval, anOrder, approvalEvent, credentialsEvent, orderEvent } from '../testing/fixtures'
import { useAccounts } from './accounts'
import { useCurrentAccount } from './currentAccount'
import { useLive } from './live'
import { reconnections } from '../reconnection'
import { useNotices } from './notices'

const fake = vi.hoisted(() => ({
  followed: new Map<string, Handlers>(),
  looks: new Set<string>(),
  options: undefined as LiveOptions | undefined,
  state: 'closed',
  refetch: vi.fn(() => Promise.resolve()),
  connect: vi.fn(),
  hurry: vi.fn(),
}))

vi.mock('paddock-live', () => ({
  PaddockLive: class {
    constructor(options: LiveOptions) {
      fake.options = options
    }
    get state() {
      return fake.state
    }
    connect = fake.connect
    hurry = fake.hurry
    close = () => fake.followed.clear()
    subscribe(account: string, handlers: Handlers) {
      fake.followed.set(account, handlers)
      return {
        account,
        watch: () => fake.looks.add(account),
        unwatch: () => fake.looks.delete(account),
        unsubscribe: () => fake.followed.delete(account),
      }
    }
  },
}))
vi.mock('../auth', () => ({ auth: { useSession: () => ref({ data: { user: { id: 'u' } }, refetch: fake.refetch }) } }))

let lists: number

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  lists = 0
  Object.assign(fake, { state: 'closed' })
  fake.followed.clear()
  fake.looks.clear()
  fake.connect.mockClear()
  fake.hurry.mockClear()
  vi.stubGlobal('location', { protocol: 'https:', host: 'paddock.example' })
  for (const kept of ['localStorage', 'sessionStorage']) vi.stubGlobal(kept, { getItem: () => null, setItem: () => {} })
  vi.stubGlobal('fetch', (url: string) => {
    if (url === '/api/accounts') lists++
    return Promise.resolve(new Response(JSON.stringify({ accounts: [] })))
  })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

async function setUp() {
  const [accounts, current, live] = [useAccounts(), useCurrentAccount(), useLive()]
  accounts.list = [anAccount({ id: 'a', name: 'Mine' }), anAccount({ id: 'b', name: 'Other' })]
  accounts.select('a')
  await nextTick()
  const event = (e: LiveEvent) => fake.followed.get(e.account_id)!.event(e)
  return { accounts, current, live, event }
}
const fill = { id: 'e', qty: '5', price: '190.5', at: '' }

describe('the live connection', () => {
  it('follows exactly the accounts that there are', async () => {
    const { accounts, live } = await setUp()
    expect(fake.options!.url).toBe('wss://paddock.example/api/ws')
    expect([...fake.followed.keys()]).toEqual(['a', 'b'])
    accounts.list = [anAccount({ id: 'b' }), anAccount({ id: 'c' })]
    await nextTick()
    expect([...fake.followed.keys()]).toEqual(['b', 'c'])
    live.disconnect()
    expect(fake.followed.size).toBe(0)
  })

  it('looks at the account that is shown alone', async () => {
    const { accounts } = await setUp()
    expect([...fake.looks]).toEqual(['a'])
    accounts.select('b')
    await nextTick()
    expect([...fake.looks]).toEqual(['b'])
  })

  it('shows a toast for a fill of the account that is selected, and of no other', async () => {
    const { event } = await setUp()
    event(orderEvent(anOrder({ side: 'sell' }), 'b', fill))
    event(orderEvent(anOrder({ side: 'sell' }), 'a'))
    expect(useNotices().shown).toEqual([])
    event(orderEvent(anOrder({ side: 'sell' }), 'a', fill))
    expect(useNotices().shown).toMatchObject([{ summary: 'Sold 5 AAPL', detail: 'at 190.50 · Mine' }])
  })

  const asks = (id: string, account = 'a', change = {}) => ({
    ...approvalEvent(anApproval({ id, ...change }), account),
    at: new Date().toISOString(),
  })

  it('shows a toast for what begins to wait on any account, and not for what the user may not approve', async () => {
    const { event } = await setUp()
    event(asks('1', 'b'))
    expect(useNotices().shown).toMatchObject([
      {
        summary: 'Waits for your approval',
        detail: 'buy 6 AAPL limit 100.00 · worth $600.00 · Other (paper)',
      },
    ])
    event(asks('2', 'a', { proposed_by: 'u', token_id: null }))
    event({ ...asks('3'), at: '2026-01-01T00:00:00Z' }) // caught up on
    expect(useNotices().shown).toHaveLength(1)
  })

  it('shows none for what its reader sees on the page', async () => {
    vi.stubGlobal('location', { protocol: 'https:', host: 'paddock.example', pathname: '/approvals' })
    vi.stubGlobal('document', { hidden: false })
    const { event } = await setUp()
    event(asks('1', 'a'))
    expect(useNotices().shown).toEqual([])
    event(asks('2', 'b'))
    vi.stubGlobal('document', { hidden: true })
    event(asks('3', 'a'))
    expect(useNotices().shown).toHaveLength(2)
  })

  it('shows three toasts at most, the last of which stands for all that would be more', async () => {
    const { event } = await setUp()
    for (let i = 0; i < 2; i++) event(asks(String(i)))
    for (let i = 0; i < 30; i++) event(orderEvent(anOrder({ side: i % 3 ? 'buy' : 'sell' }), 'a', fill))
    event({
      ...orderEvent(anOrder({ status: 'rejected', status_message: 'no power' })),
      data: { event: 'rejected', order: anOrder() },
    } as LiveEvent)
    expect(useNotices().shown).toMatchObject([
      { summary: 'Waits for your approval' },
      { summary: 'Waits for your approval' },
      { severity: 'error', summary: '31 more notices', detail: '30 fills, net −9,525.00 · 1 refusal' },
    ])
    useNotices().hold(true) // somebody reads them
    vi.advanceTimersByTime(20_000)
    expect(useNotices().shown).toHaveLength(3)
    useNotices().hold(false)
    vi.advanceTimersByTime(9000)
    expect(useNotices().shown).toEqual([])
  })

  it('reads what is shown again when it is back after a break, and says since when it was away', async () => {
    const { accounts, current, live } = await setUp()
    const load = vi.spyOn(current, 'load')
    vi.spyOn(accounts, 'load').mockResolvedValue()
    const become = (s: 'connecting' | 'live') => fake.options!.state!(s)
    const before = reconnections.value
    become('connecting')
    become('live')
    expect([live.offlineSince, reconnections.value]).toEqual([null, before]) // the first connection is none after a break
    become('connecting')
    expect(live.offlineSince).toEqual(new Date())
    become('live')
    expect([live.offlineSince, reconnections.value]).toEqual([null, before + 1])
    expect(accounts.load).toHaveBeenCalled()
    expect(load.mock.calls.length + lists).toBeGreaterThan(0)
  })

  it('looks for a server that is away, and reads what is shown as soon as it answers: the socket may still wait', async () => {
    const { live } = await setUp()
    let ready = 0
    let up = false
    vi.stubGlobal('fetch', (url: string) => {
      if (url !== '/readyz') return Promise.resolve(new Response('{"accounts":[]}'))
      ready++
      return up ? Promise.resolve(new Response()) : Promise.reject(new TypeError())
    })
    const become = (s: 'connecting' | 'live') => fake.options!.state!(s)
    const before = reconnections.value
    become('live')
    become('connecting')
    await vi.advanceTimersByTimeAsync(20_000)
    expect([ready, reconnections.value, fake.hurry.mock.calls.length]).toEqual([10, before, 0])
    up = true
    await vi.advanceTimersByTimeAsync(6000)
    expect([ready, reconnections.value, fake.hurry.mock.calls.length]).toEqual([13, before + 1, 3])
    become('live')
    await vi.advanceTimersByTimeAsync(10_000)
    expect([ready, live.offlineSince]).toEqual([13, null])
  })

  it('tells what became of what the user asked for', async () => {
    const { event } = await setUp()
    const own = { proposed_by: 'u', token_id: null }
    event(asks('1', 'a', { ...own, state: 'refused' }))
    event(asks('2', 'a', { ...own, kind: 'switch', request: { switch: 'open' }, state: 'approved' }))
    event(asks('3', 'a', { ...own, state: 'used' }))
    expect(useNotices().shown.map((t) => t.summary)).toEqual([
      'Not done: refused',
      'Approved: make the same change again',
    ])
  })

  it('reads the accounts again when one has changed, or is lost', async () => {
    const { accounts, event } = await setUp()
    const load = vi.spyOn(accounts, 'load')
    event(credentialsEvent('stored', 'b'))
    fake.followed.get('b')!.lost!('account_forbidden', '')
    expect(lists).toBe(2)
    await Promise.all(load.mock.results.map((one) => one.value as Promise<void>)) // they need what the test has set up
  })

  it('begins the account anew where its events cannot be gone on from', async () => {
    const { current } = await setUp()
    current.needsKeys = true
    fake.followed.get('b')!.reset!('cursor_expired')
    expect(current.needsKeys).toBe(true)
    fake.followed.get('a')!.reset!('cursor_expired')
    expect([current.id, current.needsKeys]).toEqual(['a', false])
  })

  it('asks whether the session has ended, and connects again where it has not', async () => {
    const { live } = await setUp()
    fake.state = 'signed_out'
    fake.options!.state!('signed_out')
    expect(live.state).toBe('signed_out')
    await vi.advanceTimersByTimeAsync(6000)
    expect(fake.refetch).toHaveBeenCalled()
    expect(fake.connect).toHaveBeenCalledTimes(1)
  })
})
