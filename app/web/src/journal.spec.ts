import { describe, expect, it } from 'vitest'
import { fillMark, fillsOf, joined, journalQuery, nothing, totals, type JournalFilter } from './journal'
import type { Fill, TradingPosition } from './types'

const trip = (id: string, realized_pl: string | null, fees: string, net_pl: string | null, opened_at = '') =>
  ({ id, realized_pl, fees, net_pl, opened_at }) as TradingPosition

describe('the journal', () => {
  it('adds up exactly', () => {
    expect(
      totals([trip('a', '0.1', '0.01', '0.09'), trip('b', '0.2', '0', '0.2'), trip('c', '-0.3', '0', '-0.3')]),
    ).toEqual({ realized: '0', fees: '0.01', net: '-0.01' })
    expect(
      totals([trip('a', '12345678901234.000000000000000001', '0', '1'), trip('b', '0.000000000000000002', '0', '1')])
        .realized,
    ).toBe('12345678901234.000000000000000003')
    expect(totals([])).toEqual({ realized: '0', fees: '0', net: '0' })
  })

  it('shows each trip once, as it was said last, the newest first', () => {
    const all = joined(
      [trip('b', '2', '0', '2', '2026-02-01'), trip('a', '1', '0', '1', '2026-01-01')],
      [trip('c', '4', '0', '4', '2026-03-01'), trip('b', '3', '0', '3', '2026-02-01')],
    )
    expect(all.map((t) => t.id + t.net_pl)).toEqual(['c4', 'b3', 'a1'])
  })
})

const everything: JournalFilter = { scope: 'account', scope_value: '', symbol: '', status: 'all' }

describe('what is asked for', () => {
  it.each([
    ['everything', everything, undefined, 'scope=account&status=all'],
    [
      'a value is for agents and tags alone',
      { ...everything, scope_value: 'left over' },
      undefined,
      'scope=account&status=all',
    ],
    [
      'a tag',
      { ...everything, scope: 'tag' as const, scope_value: ' a & b ' },
      undefined,
      'scope=tag&status=all&scope_value=a+%26+b',
    ],
    [
      'a symbol as people write it',
      { ...everything, symbol: ' btc/usd', status: 'open' as const },
      'c+1',
      'scope=account&status=open&symbol=BTC%2FUSD&before=c%2B1',
    ],
  ])('%s', (_, filter, before, query) => expect(journalQuery(filter, before)).toBe(query))

  it('is told from what there is not, when nothing comes', () => {
    expect(nothing(everything)).toMatch(/opens a position/)
    expect(nothing({ ...everything, scope: 'agent' })).toMatch(/No agent/)
    expect(nothing({ ...everything, scope: 'tag' })).toMatch(/tag/)
    expect(nothing({ ...everything, symbol: 'AAPL' })).toMatch(/like that/)
    expect(nothing({ ...everything, scope_value: 'left over' })).toMatch(/opens a position/)
  })
})

describe('the fills of a round trip', () => {
  const at = (second: number) => `2026-01-01T10:00:0${second}.000000Z`
  const of = (t: Partial<TradingPosition> = {}) =>
    ({
      scope: 'account',
      scope_value: null,
      symbol: 'AAPL',
      opened_at: at(2),
      closed_at: at(5),
      ...t,
    }) as TradingPosition
  const fill = (second: number, f: Partial<Fill> = {}) =>
    ({
      id: String(second),
      symbol: 'AAPL',
      at: at(second),
      state: 'live',
      previous_execution_id: null,
      orchestrator_agent_id: null,
      tag: null,
      sleeve_id: null,
      ...f,
    }) as Fill
  const seconds = (t: TradingPosition, fills: Fill[]) => fillsOf(t, fills).map((f) => f.id)
  const all = [6, 5, 3, 2, 1].map((n) => fill(n))

  it('are those from its opening to its end, both included', () => expect(seconds(of(), all)).toEqual(['5', '3', '2']))
  it('go on while it is open', () => expect(seconds(of({ closed_at: null }), all)).toEqual(['6', '5', '3', '2']))
  it('are of its symbol', () => expect(seconds(of(), [fill(3, { symbol: 'MSFT' })])).toEqual([]))
  it('are of its agent or its tag', () => {
    const mixed = [fill(3, { orchestrator_agent_id: 'x' }), fill(4, { tag: 'x' })]
    expect(seconds(of({ scope: 'agent', scope_value: 'x' }), mixed)).toEqual(['3'])
    expect(seconds(of({ scope: 'tag', scope_value: 'x' }), mixed)).toEqual(['4'])
    expect(seconds(of(), mixed)).toEqual(['3', '4'])
  })
  it.each([
    ['', {}],
    ['busted', { state: 'busted' }],
    ['corrected', { state: 'corrected' }],
    ['correction', { previous_execution_id: 'e' }],
    ['busted', { state: 'busted', previous_execution_id: 'e' }],
  ] as const)('are marked %o for %o', (mark, f) => expect(fillMark(fill(3, f))).toBe(mark))
})
