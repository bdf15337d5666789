import { describe, expect, it } from 'vitest'
import { initials, mainPages, userPages } from './navigation'

describe('the letters of a user', () => {
  it.each([
    [{ name: 'Ada Lovelace', email: 'x@example.com' }, 'AL'],
    [{ name: ' ada ', email: 'x@example.com' }, 'A'],
    [{ name: '', email: 'ada.king@example.com' }, 'AK'],
    [{ email: 'ada@example.com' }, 'A'],
    [{ name: 'Élodie de la Tour', email: 'x@example.com' }, 'ÉT'],
    [{ name: '𝒜da', email: 'x@example.com' }, '𝒜'],
  ])('of %o are %s', (user, letters) => expect(initials(user)).toBe(letters))
})

it('each page has one link: a test id names one element', () => {
  const all = [...mainPages, ...userPages]
  expect(new Set(all.map((page) => page.name)).size).toBe(all.length)
  expect(new Set(all.map((page) => page.path)).size).toBe(all.length)
})

it('leaves room in the bar of a telephone for what is always in it', () => {
  expect(mainPages.filter((page) => page.bar).length).toBeLessThanOrEqual(3) // beside Trade and More
})
