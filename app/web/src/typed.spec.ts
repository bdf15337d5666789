import { describe, expect, it } from 'vitest'
import { amountHint, fieldText, readAmount, readBound, readCount, readPercent, understood } from './typed'

describe('what is typed', () => {
  it.each([
    ['1', '1'],
    ['1,000.5', '1000.5'],
    ['0.000000001', '0.000000001'],
    ['0', null],
    ['0.00', null],
    ['1e5', null],
    ['-1', null],
    ['', null],
    ['0.0000000001', null],
    ['1000000000000', null],
  ])('as an amount: %s is %s', (text, value) => expect(readAmount(text)).toBe(value))
  it('is a bound where it is 0, too', () => expect([readBound('0'), readBound('x')]).toEqual(['0', null]))
  it.each([
    ['100', '100'],
    ['0.0001', '0.0001'],
    ['100.1', null],
    ['0.00001', null],
    ['-1', null],
  ])('as per cent: %s is %s', (text, value) => expect(readPercent(text)).toBe(value))
  it.each([
    ['1,000', 1000],
    ['1.5', null],
    ['11', 11],
    ['4', null],
    ['1001', null],
    ['', null],
  ])('as a count from 5 to 1000: %s is %s', (text, value) => expect(readCount(text, 5, 1000)).toBe(value))
  it.each([
    ['1.000', '= 1.00'],
    ['1,000', '= 1,000.00'],
    ['1000', '= 1,000.00'],
    ['0.123456789', '= 0.123456789'],
    ['1,5', ''],
    ['', ''],
  ])('is shown as it was understood: %s %s', (text, said) => expect(understood(text)).toBe(said))
  it.each([
    ['0.00', 'too little'],
    ['0.1234567891', 'more than nine decimals'],
    ['1000000000000', 'too much'],
    ['1,5', 'could be read in two ways: write it like 1,000 or 12.5.'],
    ['1.000,5', 'in two ways'],
    ['abc', 'is not a plain number: write it like 1000 or 12.5.'],
  ])('and is no amount: %s %s', (text, hint) => expect(amountHint(text)).toContain(hint))
  it('begins in a field as it can be typed', () =>
    expect([fieldText('1234.50'), fieldText(5), fieldText(null)]).toEqual(['1234.5', '5', '']))
})
