import { describe, expect, it } from 'vitest'
import { age, asker, details, hindrance, isLater, left, move, title, waitsFor } from './approvals'
import { anApproval, anOrder, someGuards } from './testing/fixtures'
import type { Account, Approval } from './types'

const account = (role: Account['role'], is_active = true) => ({ role, is_active })
const order = (request: Approval['request']) => anApproval({ request })

describe('what is asked, in words', () => {
  it.each<[Approval['request'], string]>([
    [{ symbol: 'AAPL', side: 'buy', type: 'market', qty: '1500' }, 'buy 1,500 AAPL market'],
    [{ symbol: 'AAPL', side: 'buy', type: 'market', notional: '250' }, 'buy $250.00 of AAPL market'],
    [
      { symbol: 'AAPL', side: 'sell', type: 'stop_limit', qty: '1', stop_price: '90', limit_price: '89.5' },
      'sell 1 AAPL stop limit 90.00 → 89.50',
    ],
    [
      { symbol: 'AAPL', side: 'sell', type: 'trailing_stop', qty: '1', trail_percent: '2' },
      'sell 1 AAPL trailing stop by 2 %',
    ],
    [
      {
        type: 'limit',
        qty: '1',
        limit_price: '1.2',
        legs: [
          { side: 'buy', ratio_qty: '1', symbol: 'X1' },
          { side: 'sell', ratio_qty: '1', symbol: 'X2' },
        ],
      },
      '1 (buy 1 X1, sell 1 X2) limit 1.20',
    ],
    [{ symbol: 'AAPL', side: 'buy', type: 'limit', qty: 'many', limit_price: { x: 1 } }, 'buy many AAPL limit'],
  ])('%o', (request, words) => expect(title(order(request))).toBe(words))

  it('names the order that is replaced, and what it becomes', () => {
    const a = order({ replaces: 'old', qty: '8', limit_price: '101' })
    expect(title(a, { orders: [anOrder({ id: 'old', type: 'limit', qty: '5', limit_price: '100' })] })).toBe(
      'Replace buy 5 AAPL limit 100.00 by quantity 8, limit 101',
    )
    expect(title(a)).toBe('Replace order old in AAPL by quantity 8, limit 101')
  })

  it.each<[Approval['kind'], Approval['request'], string]>([
    ['guards', { max_order_notional: '1' }, 'Change the limits'],
    ['guards', { reset: 'high_water_mark' }, 'Let the drawdown begin anew, at the equity of now'],
    ['switch', { switch: 'open', suspend_trade: false }, 'Turn the switch to “Open”, and lift Alpaca’s own switch'],
    ['sleeve', { sleeve_id: 's', approval_above: null }, 'Change the sleeve s'],
    [
      'cash',
      { from_sleeve_id: null, to_sleeve_id: 's', amount: '1000', note: null },
      'Move $1,000.00 into the sleeve s',
    ],
    ['grant', { email: 'eve@example.com', role: 'owner', expires_at: null }, 'Make eve@example.com owner'],
    ['grant', { user_id: 'e', role: 'trader', expires_at: null }, 'Make Eve trader'],
    [
      'grant',
      { invitation: true, email: null, role: 'viewer', expires_at: null },
      'Invite whoever has the link as viewer',
    ],
    ['grant', { transfer: true, user_id: 'e' }, 'Hand the account over to Eve'],
    ['credentials', { kind: 'trading', key_last4: 'AB12', alpaca_account_id: 'x' }, 'Store API keys that end in …AB12'],
  ])('%s %o', (kind, request, words) => {
    expect(title(anApproval({ kind, request, names: { e: 'Eve' } }))).toBe(words)
  })

  it('names each limit that would change, also one that is left out, and no other', () => {
    const guards = someGuards({
      max_order_notional: '1000',
      orders_per_day: 5,
      four_eyes: true,
      allowed_symbols: ['AAPL'],
    })
    const request = { max_order_notional: '5000', orders_per_day: 5, approvals_needed: null, allowed_symbols: [] }
    expect(details(anApproval({ kind: 'guards', request }), { guards })).toEqual([
      'Value of an order, $: 1,000 → 5,000',
      'Symbols: AAPL → none may be opened',
      'Four eyes: on → off',
    ])
  })

  it('says who asks', () => {
    const tokens = new Map([['t', 'bot']])
    expect(asker(anApproval(), 'u', new Map())).toBe('an API token of user other')
    expect(asker(anApproval({ names: { other: 'Eve' } }), 'u', new Map())).toBe('an API token of Eve')
    expect(asker(anApproval({ proposed_by: 'u' }), 'u', tokens)).toBe('your API token “bot”')
    expect(asker(anApproval({ proposed_by: 'u', token_id: null }), 'u', tokens)).toBe('you')
  })
})

describe('who may approve', () => {
  it.each([
    ['an approver', {}, account('approver'), ''],
    ['an owner', {}, account('owner'), ''],
    ['a trader', {}, account('trader'), 'role'],
    ['a viewer', {}, account('viewer'), 'role'],
    ['an owner while it is paused', {}, account('owner', false), 'paused'],
    ['an approver while it is paused', {}, account('approver', false), ''],
    ['who asks', { proposed_by: 'u', token_id: null }, account('owner'), 'You ask for it'],
    ['whose token asks', { proposed_by: 'u' }, account('owner'), ''],
    ['whose token asks, with four eyes', { proposed_by: 'u', four_eyes: true }, account('owner'), 'four eyes'],
    [
      'who has',
      { words: [{ user_id: 'u', word: 'approve' as const, max_price_move: '1', note: null, said_at: '' }] },
      account('owner'),
      'You have approved',
    ],
  ] as const)('%s', (_, change, who, why) => {
    const a = anApproval(change as Partial<Approval>)
    expect(hindrance(a, 'u', who)).toContain(why)
    expect(waitsFor(a, 'u', who)).toBe(why === '')
  })
  it('nobody is waited for once it is approved', () => {
    expect(waitsFor(anApproval({ state: 'approved' }), 'u', account('owner'))).toBe(false)
  })
})

it('an approval goes one way only', () => {
  const word = { user_id: 'u', word: 'approve' as const, max_price_move: '1', note: null, said_at: '' }
  const way = [
    anApproval(),
    anApproval({ words: [word] }),
    anApproval({ state: 'approved', words: [word] }),
    anApproval({ state: 'used', words: [word] }),
  ]
  for (const [i, a] of way.entries()) for (const [j, b] of way.entries()) expect(isLater(a, b)).toBe(i > j)
})

it('time counts down', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  const after = (seconds: number) => left(new Date(now + seconds * 1000).toISOString(), now)
  expect([86_400 * 2 + 3700, 3700, 130, 119, 1, 0, -5].map(after)).toEqual([
    '2 d 1 h',
    '1 h 1 min',
    '2 min',
    '119 s',
    '1 s',
    '',
    '',
  ])
  expect([age(now, now + 12_000), age(now, now + 200_000)]).toEqual(['12 s', '3 min'])
})

it('a move of a price is exact', () => {
  expect([move('100', '101.5'), move('191.98', '190'), move('100', undefined), move(undefined, '1')]).toEqual([
    '1.5',
    '-1.03',
    null,
    null,
  ])
})
