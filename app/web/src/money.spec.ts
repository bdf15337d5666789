import { describe, expect, it } from 'vitest'
import { change, difference, direction, dollars, money, percentChange, places, price, quantity } from './money'

describe('amounts', () => {
  it.each([
    ['1234567.891', '1,234,567.89'],
    ['-0.5', '−0.50'],
    ['90071992547409931.15', '90,071,992,547,409,931.15'],
    [null, '–'],
    ['0', '0.00'],
    ['-0.004', '0.00'],
  ])('money %s is %s', (value, want) => expect(money(value)).toBe(want))
  it.each([
    ['190.5', '190.50'],
    ['0.00001234', '0.00001234'],
    ['65221.445', '65,221.445'],
    ['183.241935483870967742', '183.2419'],
    [null, '–'],
  ])('price %s is %s', (value, want) => expect(price(value)).toBe(want))
  it.each([
    ['10', '10'],
    ['0.000000001', '0.000000001'],
    ['1500.50', '1,500.5'],
  ])('quantity %s is %s', (value, want) => expect(quantity(value)).toBe(want))
  it('signs a loss with a minus, in dollars too', () =>
    expect([dollars('-1234.5'), dollars(null), percentChange('-1.005'), percentChange('2')]).toEqual([
      '−$1,234.50',
      '–',
      '−1.01 %',
      '+2 %',
    ]))
  it('keeps cents that floats lose', () => expect(difference('0.3', '0.1')).toBe('0.2'))
  it('marks gains', () => {
    expect(change('5')).toBe('+5.00')
    expect([direction('1'), direction('-1'), direction('0'), direction(null)]).toEqual(['up', 'down', '', ''])
    expect([change('0.004'), direction('-0.004')]).toEqual(['0.00', ''])
  })
  it('leaves room for as many decimals as a column has', () =>
    expect([places(['10', '0.123456789', '–']), places(['10']), places([])]).toEqual([9, 0, 0]))
})
