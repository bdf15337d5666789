import { describe, expect, it } from 'vitest'
import { actionWords, actorOf, auditQuery, detailWords } from './audit'
import type { AuditRow } from './types'

const row = (change: Partial<AuditRow>): AuditRow => ({
  id: '1',
  at: '2026-01-05T15:00:00.000000Z',
  kind: 'user',
  actor: 'u1',
  session_id: null,
  request_id: null,
  address: null,
  request: null,
  action: 'order.place',
  detail: {},
  ...change,
})

describe('the audit page', () => {
  it('leaves uses of the keys out unless they are wanted', () => {
    expect(auditQuery({ of: 'account', action: '', decryptions: false })).toBe('without=credentials.decrypt')
    expect(auditQuery({ of: 'account', action: 'order', decryptions: true }, { limit: '50' })).toBe(
      'limit=50&action=order',
    )
    expect(auditQuery({ of: 'sign-in', action: '', decryptions: false })).toBe('')
  })

  it('says who did it', () => {
    expect(actorOf(row({}), 'u1')).toBe('You')
    expect(actorOf(row({}), 'u2')).toBe('User u1')
    expect(actorOf(row({ kind: 'operator', actor: 'root' }), 'u1')).toBe('Operator root')
    expect(actorOf(row({ kind: 'nobody', actor: null }), 'u1')).toBe('Somebody who could not sign in')
  })

  it('puts actions and details into words', () => {
    expect(actionWords('order.cancel_all')).toBe('order: cancel all')
    expect(detailWords({ symbol: 'AAPL', reason: '', limit_price: null, body: { no_shorting: true } })).toBe(
      'symbol AAPL, body {"no_shorting":true}',
    )
  })
})
