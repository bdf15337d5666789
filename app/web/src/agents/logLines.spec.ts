import { expect, it } from 'vitest'
import { withMore, type LogLine } from './logLines'

const line = (n: number, whole = true): LogLine => ({
  id: String(n).padStart(6, '0'),
  at: `2026-01-01T00:00:00.${String(n).padStart(6, '0')}Z`,
  agent: null,
  order: null,
  level: 'info',
  message: whole ? `line ${n} whole` : `line ${n}`,
  whole,
  data: null,
})

it('keeps the newest lines alone, in their order, however they come', () => {
  const lines = withMore(withMore([], [line(3), line(1)]), [line(2), line(4)], 3)
  expect(lines.map((l) => l.message)).toEqual(['line 4 whole', 'line 3 whole', 'line 2 whole'])
})

it('keeps a line once, and whole where it was read whole', () => {
  expect(withMore([line(1, false)], [line(1)])[0]!.message).toBe('line 1 whole')
  expect(withMore([line(1)], [line(1, false)])).toEqual([line(1)])
})
