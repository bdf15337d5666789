// @vitest-environment happy-dom
import type { LiveEvent } from 'paddock-live'
import { describe, expect, it, vi } from 'vitest'
import { ref } from 'vue'
import { anAccount, anOrder, orderEvent } from '../testing/fixtures'
import { requests, settled, useComponentTests } from '../testing/mount'
import { useAccounts } from './accounts'
import { useHistory } from './history'

vi.mock('../auth', () => ({ auth: { useSession: () => ref({ data: { user: { id: 'u' } } }) } }))
useComponentTests()

const fill = { id: 'e', qty: '5', price: '190.5', at: '' }
const anyAccount = () => true
function event(cursor: number, account = 'a', at = 1000 + cursor): LiveEvent {
  const e = orderEvent(anOrder(), account, fill)
  return { ...e, cursor, at: new Date(at * 1000).toISOString(), data: { ...e.data, event: 'fill' } } as LiveEvent
}
const page = (
  cursors: number[],
  next: string | null,
  read: number | null,
  head = cursors[0] ?? 0,
  account = 'a',
  at?: number,
) => ({
  events: cursors.map((cursor) => event(cursor, account, at)),
  next_cursor: next,
  head,
  read_cursor: read,
})

function setUp() {
  const [accounts, history] = [useAccounts(), useHistory()]
  accounts.list = [anAccount({ id: 'a' }), anAccount({ id: 'b', name: 'Other' })]
  return { accounts, history }
}
const past = () => requests('GET', '/api/events/history')
const cursors = (history: ReturnType<typeof useHistory>) =>
  history.list(anyAccount).map((one) => one.account + one.cursor)

describe('what happened', () => {
  it('counts what was not read, over all accounts', async () => {
    const { history } = setUp()
    void history.follow('a')
    void history.follow('b')
    await settled()
    expect(past().map((q) => q.account)).toEqual(['a']) // one after the other
    await past()[0]!.answer(page([9, 8, 7], null, 7))
    expect(past().map((q) => q.account)).toEqual(['b', 'a'])
    await past()[0]!.answer(page([4, 3], null, 2, 5, 'b'))
    expect([history.unread, history.more]).toEqual([4, false])
    history.receive(event(6, 'b'))
    history.receive({ ...event(7, 'b'), data: { event: 'new', order: anOrder() } } as LiveEvent) // nothing to tell of
    history.receive(event(6, 'b')) // told before
    expect(history.unread).toBe(5)
  })

  it('says that there are more where more than a page was not read', async () => {
    const { history } = setUp()
    void history.follow('a')
    await settled()
    await past()[0]!.answer(page([99, 98], '98', 3))
    expect([history.unread, history.more]).toEqual([2, true])
  })

  it('marks nothing as unread for who looks at an account for the first time', async () => {
    const { history } = setUp()
    void history.follow('a')
    await settled()
    await past()[0]!.answer(page([9, 8], null, null, 12))
    expect(history.unread).toBe(0)
    expect(requests('PUT', '/api/events/read').map((q) => [q.account, q.body])).toEqual([['a', { cursor: 12 }]])
    history.receive(event(13))
    expect(history.unread).toBe(1)
  })

  it('keeps what is heard of while a page is read, each event once', async () => {
    const { history } = setUp()
    void history.follow('a')
    await settled()
    history.receive(event(5))
    history.receive(event(6))
    await past()[0]!.answer(page([5, 4], null, 4))
    expect(cursors(history)).toEqual(['a6', 'a5', 'a4'])
    expect(history.unread).toBe(2)
  })

  it('reads on in the account whose history reaches back least far, and shows nothing before which something may be missing', async () => {
    const { history } = setUp()
    void history.follow('a')
    await settled()
    await past()[0]!.answer(page([9, 8], '8', 9)) // at 1009 and 1008
    void history.follow('b')
    await settled()
    await past()[0]!.answer({
      ...page([2], '2', 2, 2, 'b', 1008.5),
      events: [event(2, 'b', 1008.5), event(1, 'b', 900)],
    })
    expect(cursors(history)).toEqual(['a9', 'b2', 'a8'])
    void history.older(anyAccount)
    await settled()
    expect([past()[0]!.account, new URLSearchParams(past()[0]!.url.split('?')[1]).get('before')]).toEqual(['a', '8'])
    await past()[0]!.answer(page([7], null, 9))
    expect(cursors(history)).toEqual(['a9', 'b2', 'a8', 'a7', 'b1'])
    void history.older(anyAccount)
    await settled()
    expect(past()[0]!.account).toBe('b')
  })

  it('reads an account anew where its log has begun anew', async () => {
    const { history } = setUp()
    void history.follow('a')
    await settled()
    await past()[0]!.answer(page([9, 8], null, 9))
    void history.reset('a')
    await settled()
    await past()[0]!.answer(page([3], null, 2, 3))
    expect(cursors(history)).toEqual(['a3'])
    history.receive(event(4))
    expect(history.unread).toBe(2)
  })

  it('leaves a gap between what was read before and the newest page to be read', async () => {
    const { history } = setUp()
    void history.follow('a')
    await settled()
    await past()[0]!.answer(page([9, 8], '8', 9))
    void history.follow('a')
    await settled()
    await past()[0]!.answer(page([40, 39], '30', 9, 40))
    expect(cursors(history)).toEqual(['a40', 'a39'])
    void history.follow('a')
    await settled()
    await past()[0]!.answer(page([42], '38', 9, 42)) // nothing is missing between
    expect(cursors(history)).toEqual(['a42', 'a40', 'a39'])
  })

  it('marks all as read, on each account up to what is known of it', async () => {
    const { history } = setUp()
    void history.follow('a')
    void history.follow('b')
    await settled()
    await past()[0]!.answer(page([9], null, 7))
    await past()[0]!.answer(page([4], null, 4, 4, 'b'))
    void history.markRead()
    await settled()
    const [put] = requests('PUT', '/api/events/read')
    expect([put!.account, put!.body]).toEqual(['a', { cursor: 9 }])
    history.receive(event(10)) // meanwhile
    await put!.answer({ read_cursor: 9 })
    expect(requests('PUT', '/api/events/read')).toHaveLength(1)
    expect(history.unread).toBe(1)
  })

  it('forgets an account that is gone, with what is on its way, and all of who signs out', async () => {
    const { accounts, history } = setUp()
    void history.follow('a')
    void history.follow('b')
    await settled()
    await past()[0]!.answer(page([9], null, 7))
    accounts.list = [anAccount({ id: 'a' })]
    await past()[0]!.answer(page([4], null, 1, 4, 'b'))
    expect(cursors(history)).toEqual(['a9'])
    void history.load('a')
    await settled()
    accounts.forget()
    await past()[0]!.answer(page([10, 9], null, 7))
    expect([cursors(history), history.unread]).toEqual([[], 0])
  })

  it('says what could not be read, and keeps what there is', async () => {
    const { history } = setUp()
    void history.follow('a')
    await settled()
    await past()[0]!.answer({ code: 'internal', message: 'No.' }, 500)
    expect([history.failures.has('a'), cursors(history)]).toEqual([true, []])
    void history.follow('a')
    await settled()
    await past()[0]!.answer(page([9], null, 9))
    expect([history.failures.has('a'), cursors(history)]).toEqual([false, ['a9']])
  })
})
