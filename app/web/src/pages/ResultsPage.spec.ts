// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick, reactive } from 'vue'
import { useAccounts } from '../stores/accounts'
import { usePositions } from '../stores/positions'
import { asked, at, choose, fill, isThere, requests, settled, show, text, useComponentTests } from '../testing/mount'
import type { Results } from '../types'
import ResultsPage from './ResultsPage.vue'

const drawn = vi.hoisted(() => ({
  data: [] as unknown[][],
  updates: [] as unknown[],
  marks: [] as unknown[][],
  colors: [] as unknown[],
}))
vi.mock('lightweight-charts', () => {
  const series = (pane = 0) => ({
    setData: (d: unknown[]) => pane === 0 && drawn.data.push(d),
    update: (p: unknown) => pane === 0 && drawn.updates.push(p),
    applyOptions: () => {},
  })
  return {
    AreaSeries: {},
    ColorType: { Solid: 'solid' },
    LineType: { Simple: 0 },
    TickMarkType: { Year: 0, Month: 1, DayOfMonth: 2 },
    createSeriesMarkers: () => ({ setMarkers: (m: unknown[]) => drawn.marks.push(m) }),
    createChart: () => ({
      addSeries: (_: unknown, __: unknown, pane?: number) => series(pane),
      panes: () => [],
      timeScale: () => ({ fitContent: () => {}, subscribeSizeChange: () => {} }),
      applyOptions: (o: unknown) => drawn.colors.push(o),
      remove: () => {},
    }),
  }
})
const route = reactive({ path: '/results', query: {} as Record<string, string> })
const replace = vi.fn()
vi.mock('vue-router', () => ({ useRoute: () => route, useRouter: () => ({ replace }) }))

useComponentTests()
beforeEach(() => {
  route.query = {}
  replace.mockClear()
  for (const list of Object.values(drawn)) list.length = 0
})

const counts = {
  trips: 3,
  wins: 2,
  losses: 1,
  incomplete: 0,
  win_rate: '0.666666667',
  realized_pl: '20.5',
  fees: '0.5',
  net_pl: '20',
}
const best = {
  id: 'x',
  symbol: 'TSLA',
  direction: 'short',
  opened_at: '2026-01-01T00:00:00.000000Z',
  closed_at: '2026-01-02T00:00:00.000000Z',
  net_pl: '30',
  cost: '-600',
} as const
function someResults(change: Partial<Results['figures']> = {}): Results {
  return {
    figures: {
      ...counts,
      profit: '30',
      loss: '10',
      profit_factor: '3',
      average_win: '15',
      average_loss: '10',
      expectancy: '6.666666667',
      longest_losing_run: 1,
      best,
      worst: null,
      ...change,
    },
    open: { trips: 1, realized_pl: '0', fees: '0', incomplete: 0 },
    other_fees: '0.04',
    groups: {
      month: [{ key: '2026-01', from: '2026-01-01T05:00:00Z', to: '2026-02-01T05:00:00Z', ...counts }],
      symbol: [
        { key: 'TSLA', ...counts },
        { key: 'AAPL', ...counts, net_pl: '-10' },
      ],
      agent: [],
      tag: [],
      sleeve: [{ key: 's1', ...counts }],
    },
  }
}
const seconds = Math.floor(Date.now() / 1000)
const history = (equity: number[]) => ({
  timestamp: equity.map((_, i) => seconds - (equity.length - i) * 86400),
  equity,
})

/** Answers what the page has asked of an account, apart from what tests answer themselves. */
async function answer(account = 'a', results = someResults(), equity = [1000, 1100]) {
  const of = (path: string) => requests('GET', path).find((q) => q.account === account)!
  await of('/api/account/portfolio/history').answer(history(equity))
  await of('/api/account/activities').answer([])
  await of('/api/sleeves').answer({ sleeves: [{ id: 's1', name: 'Momentum' }] })
  await of('/api/results').answer(results)
}

describe('the page of results', () => {
  it('shows what round trips came to, with the rule beside each figure', async () => {
    await show(ResultsPage)
    expect(text('result-net')).toBe('–')
    await answer()
    expect(text('result-net')).toBe('+20.00')
    expect(text('result-win-rate')).toBe('66.7 %')
    expect(text('result-profit-factor')).toBe('3.00')
    expect(text('result-average-loss')).toBe('$10.00')
    expect(text('result-losing-run')).toBe('1')
    const card = at('result-best').parentElement!.textContent
    expect(card).toContain('+30.00')
    expect(card).toContain('+5 %') // of what was sold short
    expect(text('result-worst')).toBe('–')
    expect(at('result-fees').parentElement!.textContent).toContain('$0.04 of no one round trip')
  })

  it('has no profit factor where nothing was lost, and none of nothing', async () => {
    await show(ResultsPage)
    await answer('a', someResults({ losses: 0, profit_factor: null, average_loss: null }))
    expect(text('result-profit-factor')).toBe('–')
    expect(at('result-profit-factor').parentElement!.textContent).toContain('nothing was lost')
  })

  it('lists months, symbols and sleeves, each of which leads to its round trips', async () => {
    const page = await show(ResultsPage)
    await answer()
    expect(
      [...at('results-by-symbol').querySelectorAll('tbody tr')].map((r) => (r as HTMLElement).dataset.key),
    ).toEqual(['TSLA', 'AAPL'])
    expect(text('results-by-agent')).toContain('Nothing that was closed')
    const links = page
      .findAllComponents({ name: 'RouterLink' })
      .map((l) => l.vm.$attrs.to as { query: Record<string, string> })
    const of = (test: (q: Record<string, string>) => boolean) => links.map((l) => l?.query).find((q) => q && test(q))
    expect(of((q) => q.symbol === 'AAPL')).toMatchObject({ account: 'a', status: 'closed' })
    expect(of((q) => q.by === 'sleeve')).toMatchObject({ of: 's1' })
  })

  it('keeps the filter in the address, and reads again what it selects', async () => {
    route.query = { period: '3M', symbol: 'AAPL' }
    await show(ResultsPage)
    expect(requests('GET', '/api/results')[0]!.url).toMatch(/symbol=AAPL/)
    await choose('period', '1W')
    expect(replace).toHaveBeenLastCalledWith({
      query: { account: 'a', period: '1W', by: undefined, of: undefined, symbol: 'AAPL' },
    })
    expect(requests('GET', '/api/account/portfolio/history')[0]!.url).toMatch(/timeframe=1H/)
    await choose('results-scope', 'tag')
    await fill('results-scope-value', 'slow')
    at('results-scope-value').dispatchEvent(new Event('change'))
    await settled()
    const query = new URLSearchParams(requests('GET', '/api/results')[0]!.url.split('?')[1])
    expect([query.get('scope'), query.get('scope_value'), query.get('group_by')]).toEqual([
      'tag',
      'slow',
      'month,symbol,tag',
    ])
    const file = new URLSearchParams(at('csv-round-trips').getAttribute('href')!.split('?')[1])
    expect([file.get('scope'), file.get('scope_value'), file.get('account_id'), file.has('from')]).toEqual([
      'tag',
      'slow',
      'a',
      true,
    ])
  })

  it('drops the answer to a filter that is over', async () => {
    await show(ResultsPage)
    const [first] = requests('GET', '/api/results')
    const [sleeves] = requests('GET', '/api/sleeves')
    await choose('period', '1Y')
    await sleeves!.answer({ sleeves: [] })
    await first!.answer(someResults({ net_pl: '999' }))
    expect(text('result-net')).toBe('–')
    await answer()
    expect(text('result-net')).toBe('+20.00')
  })

  it('forgets what it shows at once when another account is shown', async () => {
    await show(ResultsPage)
    await answer()
    useAccounts().select('b')
    await nextTick()
    expect(at('results').dataset.account).toBe('b')
    expect(text('result-net')).toBe('–')
    expect(text('equity-change')).toBe('–')
    expect(text('results-by-symbol')).not.toContain('TSLA')
  })

  it('never shows what is of another account, not even when an answer comes late', async () => {
    await show(ResultsPage)
    await answer()
    const late = asked.length
    await choose('period', '1Y') // asked of the first account, and still on its way
    const ofFirst = asked.slice(late)
    useAccounts().select('b')
    await settled()
    expect(text('result-net')).toBe('–')
    expect(text('equity-change')).not.toContain('100')
    for (const q of ofFirst.filter((q) => q.account === 'a')) {
      if (q.url.includes('/results')) await q.answer(someResults({ net_pl: '777' }))
      else if (q.url.includes('/history')) await q.answer(history([1, 777]))
      else await q.answer(q.url.includes('/sleeves') ? { sleeves: [] } : [])
    }
    expect(document.body.textContent).not.toContain('777')
    await answer('b', someResults({ net_pl: '5' }), [50, 60])
    expect(text('result-net')).toBe('+5.00')
    expect(at('results').dataset.account).toBe('b')
    expect(at('csv-orders').getAttribute('href')).toContain('account_id=b')
  })

  it('says that it does not know where it could not be read, and reads again', async () => {
    await show(ResultsPage)
    await requests('GET', '/api/results')[0]!.answer(
      { code: 'database_unavailable', message: 'The database is away.' },
      503,
    )
    expect(document.querySelector('[role=alert]')!.textContent).toContain('The database is away.')
    expect(text('results-by-symbol')).toContain('Not known')
  })
})

describe('the curve of equity', () => {
  it('says in words what it draws, and moves its last point by what the account is worth now', async () => {
    await show(ResultsPage)
    await answer()
    expect(text('equity-change')).toBe('+100.00 +10 % of $1,000.00 at the beginning')
    expect(text('equity-words')).toContain('from $1,000.00 to $1,100.00')
    expect(at('equity-chart').getAttribute('aria-label')).toBe(text('equity-words'))
    expect(drawn.data.at(-1)).toHaveLength(2)
    const positions = usePositions()
    positions.figures = {
      account_number: 'x',
      status: 'ACTIVE',
      currency: 'USD',
      cash: '0',
      equity: '1210',
      last_equity: '1000',
      buying_power: '0',
    }
    await settled()
    expect(text('equity-change')).toContain('+210.00')
    expect(drawn.data.at(-1)).toHaveLength(3)
    positions.figures = { ...positions.figures, equity: '1155.55' }
    await settled()
    expect(text('equity-words')).toContain('to $1,155.55')
    expect(drawn.updates).toMatchObject([{ value: 1155.55 }]) // one point moves: nothing is drawn anew
  })

  it('marks what was paid in and out, and leaves it out of the change', async () => {
    await show(ResultsPage)
    const of = (path: string) => requests('GET', path)[0]!
    await of('/api/account/portfolio/history').answer(history([1000, 1600]))
    await of('/api/account/activities').answer([
      {
        id: '1',
        activity_type: 'CSD',
        net_amount: '500',
        created_at: new Date((seconds - 90_000) * 1000).toISOString(),
        date: '2026-01-01',
      },
    ])
    expect(text('equity-change')).toBe(
      '+100.00 +10 % time-weighted: deposits and withdrawals are neither gain nor loss',
    )
    expect(text('equity-words')).toContain('$500.00 was paid in')
    expect(drawn.marks.at(-1)).toMatchObject([{ time: seconds - 86400, shape: 'arrowUp', position: 'belowBar' }])
    const details = document.querySelector('details')!
    details.open = true
    details.dispatchEvent(new Event('toggle'))
    await settled()
    expect(at('equity-table').querySelectorAll('tbody tr')).toHaveLength(2)
  })

  it('says that there is no history yet where there is none', async () => {
    await show(ResultsPage)
    await answer('a', someResults(), [])
    expect(isThere('equity-chart')).toBe(false)
    expect(text('equity-curve')).toContain('no history of this period yet')
  })

  it('is as old as the account where all of it is asked for', async () => {
    route.query = { period: 'All' }
    await show(ResultsPage)
    for (const q of requests('GET', '/api/account'))
      await q.answer({ created_at: '2024-05-06T00:00:00Z', equity: '1', last_equity: '1' })
    expect(decodeURIComponent(requests('GET', '/api/account/portfolio/history')[0]!.url)).toContain(
      'start=2024-05-06T00:00:00.000Z',
    )
    expect(requests('GET', '/api/results')[0]!.url).not.toContain('from=')
  })
})
