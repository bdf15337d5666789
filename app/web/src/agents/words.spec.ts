import { describe, expect, it } from 'vitest'
import { aToken } from '../testing/fixtures'
import {
  curlSnippet,
  heartbeatWords,
  limitLines,
  madeOf,
  mayWords,
  mcpSnippet,
  reaching,
  todayWords,
  tree,
} from './words'

const now = new Date('2026-01-01T12:00:00Z')

describe('tokens as a tree', () => {
  const root = aToken({ id: 'r', name: 'root' })
  const child = aToken({ id: 'c', name: 'child', parent_id: 'r' })
  const grandchild = aToken({ id: 'g', name: 'grandchild', parent_id: 'c' })
  const orphan = aToken({ id: 'o', name: 'orphan', parent_id: 'gone' })

  it('puts each below the one of which it was made, whatever their order', () => {
    const [o, r] = tree([grandchild, orphan, child, root])
    expect([o!.token.id, r!.token.id, r!.children[0]!.token.id, r!.children[0]!.children[0]!.token.id]).toEqual([
      'o',
      'r',
      'c',
      'g',
    ])
  })

  it('knows all that end with one', () => {
    expect(madeOf([root, child, grandchild, orphan], 'r').map((t) => t.id)).toEqual(['c', 'g'])
  })
})

it('has no token of another account', () => {
  const both = [aToken({ id: '1', accounts: ['a'] }), aToken({ id: '2', accounts: ['b'] })]
  expect(reaching(both, 'a').map((t) => t.id)).toEqual(['1'])
  expect(reaching(both, null)).toEqual([])
})

it.each([
  [['read'], true, 'read; paper only'],
  [['read', 'trade', 'cancel', 'log'], false, 'read, trade, log'],
  [['read', 'cancel'], true, 'read, cancel; paper only'],
] as const)('says what %j may', (scopes, paper_only, words) => {
  expect(mayWords({ scopes: [...scopes], paper_only })).toBe(words)
})

it('says what is used of a day and left, and nothing of limits that there are not', () => {
  const today = (orders_left: number | null) => [{ account_id: 'a', orders: 1200, orders_left, refusals_in_a_row: 0 }]
  expect(todayWords(aToken({ today: today(1) }), 'a')).toBe('1,200 orders today, 1 left')
  expect(todayWords(aToken({ today: today(null) }), 'a')).toBe('1,200 orders today')
  expect(todayWords(aToken({ today: today(null) }), 'b')).toBe('–')
})

it.each([
  [null, null, false, 'not asked for', false],
  [null, null, true, 'missing: none came yet', true],
  ['2026-01-01T11:59:50Z', '2026-01-01T12:00:50Z', false, 'came 10 s ago', false],
  // The server said so a while ago: by now it is over.
  ['2026-01-01T11:58:00Z', '2026-01-01T11:59:00Z', false, 'missing: the last came 2 min ago', true],
])('tells the heartbeat of %s', (heartbeat_at, heartbeat_holds_until, heartbeat_missing, words, missing) => {
  const token = aToken({ heartbeat_at, heartbeat_holds_until, heartbeat_missing })
  expect(heartbeatWords(token, now)).toEqual({ words, missing })
})

it('writes the limits that there are as the user’s language has them', () => {
  const lines = limitLines({
    max_order_notional: '1234.5',
    orders_per_day: 20,
    heartbeat_seconds: 60,
    approval_above: '0',
  })
  expect(lines.map((l) => `${l.name} ${l.limit}`)).toEqual([
    'Value of an order $1,234.50',
    'Orders a day 20',
    'Heartbeat every 60 s',
    'Waits for approval each order',
  ])
})

it('has no token in the snippets, which somebody may keep', () => {
  for (const text of [curlSnippet('https://p.example', 'a'), mcpSnippet('https://p.example')]) {
    expect(text).not.toMatch(/pdk_/)
    expect(text).toContain('PADDOCK_TOKEN')
  }
  expect(JSON.parse(mcpSnippet('https://p.example')).mcpServers.paddock.url).toBe('https://p.example/mcp')
})
