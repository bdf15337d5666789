import { describe, expect, it } from 'vitest'
import { foundBySync } from './health'
import type { SyncReport } from './types'

const none = { checked: 1, differed: 0, changed: [] }
const changed = (n: number) =>
  Array.from({ length: n }, (_, i) => ({ symbol: `S${i}`, field: 'filled_qty', from: null, to: '1' }))

describe('what a reconciliation found', () => {
  it('says so when nothing differed', () => {
    expect(foundBySync({ as_of: '', orders: { ...none, checked: 12 }, positions: none } as SyncReport)).toBe(
      '12 orders and 1 positions were compared with Alpaca: nothing differed.',
    )
  })

  it('names the first few changes, and how many more there are', () => {
    const said = foundBySync({
      as_of: '',
      orders: { ...none, changed: changed(7) },
      positions: none,
    } as unknown as SyncReport)
    expect(said).toContain('S0 filled qty unknown → 1')
    expect(said).toContain('and 2 more.')
    expect(said).not.toContain('S5')
  })
})
