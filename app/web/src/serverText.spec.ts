import { expect, it } from 'vitest'
import { localText } from './serverText'
import { dayAndTime } from './time'

it.each([
  ['The order takes 18791000 of the buying power.', 'The order takes 18,791,000 of the buying power.'],
  ['It could be worth 1500.500; at most 1000 is allowed.', 'It could be worth 1,500.5; at most 1000 is allowed.'],
  ['It lost -12.5.', 'It lost −12.5.'],
  ['Earnings 2026 are out', 'Earnings 2026 are out'],
  ['order 01234567-1234-7000-8000-123456789012', 'order 01234567-1234-7000-8000-123456789012'],
  [
    'AAPL260117C00150000 of PA12345678, from 127.0.0.1:44015',
    'AAPL260117C00150000 of PA12345678, from 127.0.0.1:44015',
  ],
  ['opens at 2026-11-30T14:30:00.5Z', `opens at ${dayAndTime('2026-11-30T14:30:00.5Z')}`],
])('what the server says to programs is written for people: %s', (said, words) => expect(localText(said)).toBe(words))
