import { expect, it } from 'vitest'
import { isQuietHour } from './quiet'

// Clocks of Berlin go forward at 2:00 on 29 March 2026, and back at 3:00 on 25 October.
it.each([
  ['22:00', '07:00', 'UTC', '2026-12-01T21:59:59Z', false],
  ['22:00', '07:00', 'UTC', '2026-12-01T22:00:00Z', true],
  ['22:00', '07:00', 'UTC', '2026-12-02T00:00:00Z', true],
  ['22:00', '07:00', 'UTC', '2026-12-02T06:59:59Z', true],
  ['22:00', '07:00', 'UTC', '2026-12-02T07:00:00Z', false],
  ['12:00', '13:00', 'UTC', '2026-12-02T12:30:00Z', true],
  ['12:00', '13:00', 'UTC', '2026-12-02T13:00:00Z', false],
  ['22:00', '07:00', 'America/New_York', '2026-12-02T03:00:00Z', true],
  ['22:00', '07:00', 'America/New_York', '2026-12-02T02:59:00Z', false],
  ['22:00', '07:00', 'Europe/Berlin', '2026-03-28T21:30:00Z', true],
  ['22:00', '07:00', 'Europe/Berlin', '2026-03-29T04:59:00Z', true],
  ['22:00', '07:00', 'Europe/Berlin', '2026-03-29T05:00:00Z', false],
  ['22:00', '07:00', 'Europe/Berlin', '2026-10-25T05:59:00Z', true],
  ['22:00', '07:00', 'Europe/Berlin', '2026-10-25T06:00:00Z', false],
  ['02:15', '02:45', 'Europe/Berlin', '2026-10-25T00:30:00Z', true], // the hour that comes twice
  ['02:15', '02:45', 'Europe/Berlin', '2026-10-25T01:30:00Z', true],
  ['02:15', '02:45', 'Europe/Berlin', '2026-03-29T01:00:00Z', false], // and one that is left out
  ['07:00', '07:00', 'UTC', '2026-12-02T07:00:00Z', false],
  ['', '07:00', 'UTC', '2026-12-02T06:00:00Z', false],
])('from %s until %s in %s, at %s: %s', (from, until, zone, at, quiet) => {
  expect(isQuietHour({ from, until }, new Date(at), zone)).toBe(quiet)
  expect(isQuietHour(null, new Date(at), zone)).toBe(false)
})
