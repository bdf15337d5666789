import { expect, it } from 'vitest'
import { aToken, anAccount } from '../testing/fixtures'
import { emptyForm, mistakeIn, requestOf, scopesOf } from './tokenForm'

const now = Date.parse('2026-01-01T00:00:00Z')

it('asks for a token of the account alone, without real money, with an end', () => {
  const request = requestOf({ ...emptyForm('a'), name: ' Momentum ' }, undefined, now)
  expect(request).toMatchObject({
    name: 'Momentum',
    accounts: ['a'],
    scopes: ['read', 'cancel', 'log'],
    paper_only: true,
    expires_at: '2026-01-31T00:00:00.000Z',
  })
  expect(request).not.toHaveProperty('parent_id')
  expect(request.limits).not.toHaveProperty('four_eyes')
})

it('asks for a narrower one: no scope, and no moment, more than its parent has', () => {
  const parent = aToken({ id: 'p', scopes: ['read', 'log'], paper_only: true, expires_at: '2026-01-02T00:00:00Z' })
  expect(scopesOf(parent)).toEqual(['read', 'log'])
  const form = { ...emptyForm('a', parent), name: 'x' }
  expect(requestOf(form, parent, now)).not.toHaveProperty('expires_at')
  expect(requestOf({ ...form, life: 'a year' }, parent, now)).toMatchObject({
    parent_id: 'p',
    scopes: ['read', 'log'],
    expires_at: '2026-01-02T00:00:00Z',
  })
})

it('says where a live account is ticked for a token that is for paper alone', () => {
  const form = emptyForm('a')
  expect(mistakeIn(form, [])).toBe('')
  expect(mistakeIn(form, [anAccount({ name: 'Real', environment: 'live' })])).toContain('“Real” trades real money')
  expect(mistakeIn({ ...form, accounts: [] }, [])).toContain('Tick an account')
})

it('sends limits as they were typed, digit by digit', () => {
  const form = { ...emptyForm('a'), name: 'x' }
  form.limits.max_order_notional = '1234567.89'
  form.limits.orders_per_day = '20'
  expect(requestOf(form).limits).toMatchObject({
    max_order_notional: '1234567.89',
    orders_per_day: 20,
    max_drawdown: null,
  })
})
