// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest'
import { confirmedBy, keepLivePreferences, livePreferences, usual } from './livePreferences'

beforeEach(() => localStorage.clear())

describe('what confirms an order with real money', () => {
  const chosen = { typeFrom: '10000', askFrom: '500' }
  it.each([
    ['499.99', 'nothing'],
    ['500', 'button'],
    ['9999.99', 'button'],
    ['10000', 'typing'],
    ['-12000', 'typing'], // of a sale
    ['-20', 'nothing'],
    [null, 'typing'],
  ])('is for %s: %s', (worth, by) => expect(confirmedBy(worth, chosen)).toBe(by))

  it('is never nothing unless the user has chosen so, and not above what is typed', () => {
    expect(confirmedBy('0.01', usual)).toBe('button')
    expect(confirmedBy('50', { typeFrom: '20', askFrom: '100' })).toBe('typing')
  })
})

describe('the choice', () => {
  it('is each user’s own', () => {
    keepLivePreferences('u', { typeFrom: '5', askFrom: '1' })
    expect(livePreferences('u')).toEqual({ typeFrom: '5', askFrom: '1' })
    expect([livePreferences('another'), livePreferences(undefined)]).toEqual([usual, usual])
  })

  it.each(['nonsense', 'null', '{"typeFrom":"-1","askFrom":true}', '{"typeFrom":"1e9","askFrom":"Infinity"}'])(
    'that cannot be read is none: %s',
    (kept) => {
      localStorage.setItem('paddock.live-orders.u', kept)
      expect(livePreferences('u')).toEqual(usual)
    },
  )
})
