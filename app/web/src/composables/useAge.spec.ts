import { expect, it } from 'vitest'
import { ageOf, ageWords } from './useAge'

it.each([
  [14, 'fresh', '14 s'],
  [16, 'old', '16 s'],
  [61, 'stale', '61 s'],
  [200, 'stale', '3 min'],
  [8000, 'stale', '2 h'],
])('%i s are %s', (s, age, words) => {
  const now = new Date()
  const at = new Date(now.getTime() - s * 1000)
  expect([ageOf(at, now), ageWords(at, now)]).toEqual([age, words])
  expect(ageOf(null, now)).toBe('fresh') // nothing is shown that could be old
})
