import { describe, expect, it } from 'vitest'
import { rowWords, stopWords, toRow, totalOf, turnable } from './overview'
import { anAccount, told } from './testing/fixtures'
import type { Account, PortfolioAccount } from './types'

const held = (market_value: string | null) => ({
  symbol: 'AAPL',
  asset_class: null,
  qty: '1',
  avg_entry_price: null,
  current_price: null,
  market_value,
  unrealized_pl: null,
  as_of: '2026-01-01T00:00:00Z',
})
const row = (account: Partial<Account>, knows?: Partial<PortfolioAccount> | null) => {
  const a = anAccount(account)
  return toRow(a, knows === null ? undefined : told({ account_id: a.id, ...knows }))
}

describe('the sums of all accounts', () => {
  const rows = [
    row({ id: '1' }, { equity: '0.1', day_change: '0.1', open_orders: 2, positions: [held('5'), held('-2')] }),
    row({ id: '2' }, { equity: '0.2', day_change: '-0.3', open_orders: 1 }),
    row({ id: '3', environment: 'live' }, { equity: '1000000', day_change: '7', positions: [held('9')] }),
    row({ id: '4', environment: 'live' }, { equity: null, day_change: null }),
    row({ id: '5' }, null),
  ]

  it('never add paper to live money, and are exact', () => {
    expect(totalOf(rows, 'paper')).toEqual({
      environment: 'paper',
      accounts: 3,
      known: 2,
      equity: '0.3',
      today: '-0.2',
      worth: '3',
      openOrders: 3,
    })
    expect(totalOf(rows, 'live')).toMatchObject({ accounts: 2, known: 1, equity: '1000000', today: '7', worth: '9' })
  })

  it('are not known where nothing is, or one of the parts is not', () => {
    expect(totalOf([row({}, null)], 'paper')).toMatchObject({ known: 0, equity: null, today: null, worth: null })
    expect(row({}, { positions: [held('5'), held(null)] }).worth).toBeNull()
  })
})

it('of the account that is shown the desk’s figures count, and what the database knows of the others', () => {
  const at = new Date()
  const shown = { equity: '1', today: '2', asOf: at }
  expect(toRow(anAccount(), told({ open_orders: 4 }), shown)).toMatchObject({ ...shown, told: { open_orders: 4 } })
  expect(toRow(anAccount(), told(), { equity: null, today: null, asOf: null }).equity).toBe('1000')
})

describe('a row in words', () => {
  const now = new Date('2026-01-01T12:00:00Z')
  it('says all that an eye sees: name, kind, figures with their age, health and switch', () => {
    const old = row({ environment: 'live' }, { as_of: '2026-01-01T11:50:00Z', switch: 'halted', health: 'behind' })
    expect(rowWords(old, now)).toBe('Swing live, equity $1,000.00, today +10.00 10 min ago, Behind Alpaca, Halted')
    const fresh = row({}, { as_of: '2026-01-01T11:59:30Z' })
    expect(rowWords(fresh, now)).toBe('Swing paper, equity $1,000.00, today +10.00, Agrees with Alpaca')
    expect(rowWords(row({}, null), now)).toBe('Swing paper, equity not known')
    expect(rowWords(row({}, { equity: null, health: 'needs_credentials' }), now)).toBe(
      'Swing paper, equity not known, No working API keys',
    )
  })

  it('says that an account is paused, and what is stricter before that', () => {
    expect(stopWords(row({ is_active: false }))).toBe('Paused')
    expect(stopWords(row({ is_active: false }, { switch: 'reduce_only' }))).toBe('Reduce only')
    expect(stopWords(row({}))).toBe('')
  })
})

describe('a turn of all switches', () => {
  const names = (rows: { account: Account }[]) => rows.map((r) => r.account.id)
  const rows = [
    row({ id: 'owned' }),
    row({ id: 'traded', role: 'trader' }),
    row({ id: 'looked at', role: 'viewer' }),
    row({ id: 'halted' }, { switch: 'halted' }),
    row({ id: 'halted, traded', role: 'trader' }, { switch: 'halted' }),
    row({ id: 'not read yet' }, null),
  ]
  it('halts what the user may halt, and names the rest', () => {
    const { may, mayNot, stand } = turnable(rows, 'halted')
    expect(names(may)).toEqual(['owned', 'traded', 'not read yet'])
    expect([names(mayNot), names(stand)]).toEqual([['looked at'], ['halted', 'halted, traded']])
  })
  it('opens what the user owns alone', () => {
    const { may, mayNot } = turnable(rows, 'open')
    expect([names(may), names(mayNot)]).toEqual([['halted', 'not read yet'], ['halted, traded']])
  })
})
