import { describe, expect, it } from 'vitest'
import { Numbers } from './numbers'

const nbsp = '\u00a0'
const narrow = '\u202f'

describe('a locale’s numbers', () => {
  it.each([
    ['en-US', '1,234,567.5', '−0.50', '+1.00'],
    ['de-DE', '1.234.567,5', '−0,50', '+1,00'],
    ['fr-FR', `1${narrow}234${narrow}567,5`, '−0,50', '+1,00'],
    ['es-ES', '1.234.567,5', '−0,50', '+1,00'],
    ['pl-PL', `1${nbsp}234${nbsp}567,5`, '−0,50', '+1,00'],
    ['sv-SE', `1${nbsp}234${nbsp}567,5`, '−0,50', '+1,00'],
    ['en-IN', '12,34,567.5', '−0.50', '+1.00'],
    ['ja-JP', '1,234,567.5', '−0.50', '+1.00'],
  ])('are written as people of %s write them', (locale, many, loss, gain) => {
    const numbers = new Numbers(locale)
    expect(numbers.write('1234567.5')).toBe(many)
    expect(numbers.write('-0.5', { least: 2 })).toBe(loss)
    expect(numbers.write('1', { least: 2, signed: true })).toBe(gain)
    expect(numbers.write('-0.004', { most: 2, signed: true })).toBe('0')
  })

  const locales = [
    'en-US',
    'de-DE',
    'de-CH',
    'de-AT',
    'fr-FR',
    'es-ES',
    'pl-PL',
    'en-IN',
    'ar-EG',
    'fa-IR',
    'hi-IN',
    'ja-JP',
  ]
  it.each(
    locales.flatMap((locale) =>
      ['0', '7', '1000', '12.5', '0.000000001', '123456789012.123456789'].map((n) => [locale, n]),
    ),
  )('of %s are read as they are written, to the last digit: %s', (locale, value) => {
    const numbers = new Numbers(locale)
    expect([numbers.read(numbers.write(value)), numbers.read(numbers.write(value, { plain: true }))]).toEqual([
      value,
      value,
    ])
  })

  it.each([
    ['en-US', '1000', '1000'],
    ['en-US', '1,000', '1000'],
    ['en-US', '1.000', '1.000'],
    ['en-US', '1,5', null],
    ['en-US', '1,00', null],
    ['en-US', '1.000,5', null],
    ['en-US', '1,0000', null],
    ['en-US', '0,500', null],
    ['en-US', '1 000', null],
    ['en-US', '1.5.0', null],
    ['en-US', '.5', null],
    ['en-US', '5.', null],
    ['en-US', '-1', null],
    ['en-US', '1e3', null],
    ['en-US', '', null],
    ['en-US', ' 007 ', '7'],
    ['de-DE', '1.000', '1000'],
    ['de-DE', '1.000,5', '1000.5'],
    ['de-DE', '1,5', '1.5'],
    ['de-DE', '1.5', null],
    ['de-DE', '190.50', null],
    ['de-DE', '1.000.5', null],
    ['de-DE', '1,000.5', null],
    ['de-DE', '10.00', null],
    ['fr-FR', '1 000,5', '1000.5'],
    ['fr-FR', `1${narrow}000,5`, '1000.5'],
    ['fr-FR', `1${nbsp}000,5`, '1000.5'],
    ['fr-FR', '1.000', null],
    ['fr-FR', '10 00', null],
    ['de-CH', "1'000.5", '1000.5'],
    ['de-CH', '1’000.5', '1000.5'],
    ['de-CH', '1,5', null],
    ['es-ES', '1000,5', '1000.5'],
    ['es-ES', '1.000,5', '1000.5'],
    ['en-IN', '12,34,567.5', '1234567.5'],
    ['en-IN', '1,234,567.5', null],
    ['ar-EG', '١٢٫٥', '12.5'],
    ['ar-EG', '12,5', '12.5'],
    ['ar-EG', '1.5', null],
  ])('typed by somebody of %s: %s is %s', (locale, text, value) => expect(new Numbers(locale).read(text)).toBe(value))
})
