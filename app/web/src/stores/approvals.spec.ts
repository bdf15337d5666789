import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ref } from 'vue'
import { anAccount, anApproval, approvalEvent } from '../testing/fixtures'
import type { Approval } from '../types'
import { useAccounts } from './accounts'
import { useApprovals } from './approvals'
import { useCurrentAccount } from './currentAccount'

vi.mock('../auth', () => ({ auth: { useSession: () => ref({ data: { user: { id: 'u' } } }) } }))

type Asked = { account: string; state: string; resolve: (approvals: Approval[]) => void }
let asked: Asked[]

beforeEach(() => {
  setActivePinia(createPinia())
  asked = []
  for (const kept of ['localStorage', 'sessionStorage']) vi.stubGlobal(kept, { getItem: () => null, setItem: () => {} })
  vi.stubGlobal(
    'fetch',
    (url: string, init: { headers: Record<string, string> }) =>
      new Promise((resolve) =>
        asked.push({
          account: init.headers['X-Account-ID']!,
          state: new URL(url, 'http://x').searchParams.get('state')!,
          resolve: (approvals) => resolve(new Response(JSON.stringify({ approvals, next_cursor: null }))),
        }),
      ),
  )
})
afterEach(() => void vi.unstubAllGlobals())
const settle = () => new Promise((done) => setTimeout(done))

async function setUp() {
  const accounts = useAccounts()
  accounts.list = [
    anAccount({ id: 'a' }),
    anAccount({ id: 'b', role: 'approver' }),
    anAccount({ id: 'c', role: 'viewer' }),
  ]
  accounts.select('a')
  const store = useApprovals()
  await settle()
  return { accounts, store }
}
async function answer(account: string, pending: Approval[], approved: Approval[] = []) {
  const two = asked.filter((q) => q.account === account).slice(-2)
  for (const q of two) q.resolve(q.state === 'pending' ? pending : approved)
  await settle()
}
const ids = (list: Approval[]) => list.map((a) => a.id)

describe('what waits', () => {
  it('is read of the account that is shown, and of others where the user is asked', async () => {
    const { store } = await setUp()
    expect(asked.map((q) => [q.account, q.state])).toEqual([
      ['a', 'pending'],
      ['a', 'approved'],
    ])
    await answer(
      'a',
      [anApproval({ id: '1' }), anApproval({ id: '2', proposed_at: '2026-01-02' })],
      [anApproval({ id: '3', state: 'approved' })],
    )
    expect(ids(store.of('a'))).toEqual(['2', '3', '1'])
    void store.follow('c')
    void store.follow('b')
    await settle()
    await answer('b', [anApproval({ id: '4' })])
    expect(asked.map((q) => q.account)).not.toContain('c')
    expect([store.mine('a'), store.mine('b'), store.count]).toEqual([2, 1, 3])
  })

  it('counts nothing that this user may not approve', async () => {
    const { store } = await setUp()
    store.put('a', anApproval({ id: '1', proposed_by: 'u', token_id: null }))
    store.put('c', anApproval({ id: '2' }))
    expect(store.count).toBe(0)
    store.put('a', anApproval({ id: '3' }))
    expect(store.count).toBe(1)
  })

  it('moves by events of any account, each where it belongs', async () => {
    const { store } = await setUp()
    await answer('a', [])
    store.receive(approvalEvent(anApproval({ id: '1' }), 'b'))
    expect([ids(store.of('a')), ids(store.of('b')), store.count]).toEqual([[], ['1'], 1])
    store.receive(approvalEvent(anApproval({ id: '1', state: 'refused' }), 'b'))
    expect([ids(store.of('b')), store.count, store.find('b', '1')?.state]).toEqual([[], 0, 'refused'])
    store.receive(approvalEvent(anApproval({ id: '2' }), 'strange'))
    expect(store.of('strange')).toEqual([])
  })

  it('keeps what was heard of while it was read, and never goes back', async () => {
    const { store } = await setUp()
    store.receive(approvalEvent(anApproval({ id: 'new' })))
    store.receive(approvalEvent(anApproval({ id: 'gone', state: 'used' })))
    await answer('a', [anApproval({ id: 'gone' }), anApproval({ id: 'stays' })])
    expect(ids(store.of('a')).sort()).toEqual(['new', 'stays'])
    const word = { user_id: 'x', word: 'approve' as const, max_price_move: '1', note: null, said_at: '' }
    store.put('a', anApproval({ id: 'new', words: [word] }))
    store.put('a', anApproval({ id: 'new' }))
    expect(store.find('a', 'new')?.words).toHaveLength(1)
    store.put('a', anApproval({ id: 'gone' }))
    expect(store.find('a', 'gone')?.state).toBe('used')
  })

  it('is not known while it is asked for again, though the answer of before is there', async () => {
    await setUp()
    const current = useCurrentAccount()
    const [first, second] = asked.filter((q) => q.account === 'a')
    void current.load()
    await settle()
    first!.resolve([])
    second!.resolve([])
    await settle()
    expect(current.knows('approvals')).toBe('loading')
    await answer('a', [anApproval({ id: '1' })])
    expect(current.knows('approvals')).toBe('known')
  })

  it('is nobody else’s after a sign-out, also where an answer comes late', async () => {
    const { accounts, store } = await setUp()
    store.put('b', anApproval({ id: '1' }))
    store.put('b', anApproval({ id: '2', state: 'used' }))
    accounts.clear()
    await answer('a', [anApproval({ id: 'late' })])
    accounts.list = [anAccount({ id: 'a' }), anAccount({ id: 'b' })]
    expect([store.of('a'), store.of('b'), store.find('b', '2'), store.count]).toEqual([[], [], null, 0])
  })
})
