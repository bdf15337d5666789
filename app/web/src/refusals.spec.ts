import { describe, expect, it } from 'vitest'
import { asOrder, isRefusalId, refusalOf, together } from './refusals'
import { anOrder, guardEvent } from './testing/fixtures'

const at = (n: number) => anOrder({ id: `o${n}`, created_at: `2026-01-0${n}` })
const ids = (orders: { id: string }[]) => orders.map((o) => o.id).join(' ')

describe('what the guards refused', () => {
  it('is shown as an order that was refused, with the figures', () => {
    const e = {
      ...guardEvent(),
      cursor: 43,
      at: '2026-01-05T12:00:00.000000Z',
      data: {
        event: 'refused',
        violations: [
          {
            guard: 'max_order_notional',
            limit: '100',
            value: '2500',
            message: 'It is worth 2500 and the limit is 100.',
          },
        ],
        request: { symbol: 'aapl', side: 'buy', type: 'limit', qty: '10', limit_price: '250', extended_hours: false },
        submitted_by: 'u',
      },
    }
    const refusal = refusalOf(e as never)!
    expect(refusal.id).toBe('00000000-0000-0000-0000-00000000002b')
    expect(isRefusalId(refusal.id)).toBe(true)
    expect(isRefusalId('01890a5d-ac96-774b-bcce-b302099a8057')).toBe(false)
    expect(asOrder(refusal)).toMatchObject({ symbol: 'AAPL', qty: '10', status: 'rejected', submitted_by: 'u' })
    expect(asOrder(refusal).status_message).toBe('The guards refused it: It is worth 2500 and the limit is 100.')
    expect(refusalOf(guardEvent() as never)).toBeNull() // limits that were changed
  })

  it('stands among what Alpaca refused by time, and nothing stands behind what is not read yet', () => {
    expect(ids(together([at(5), at(2)], false, [at(4), at(1)], false, false))).toBe('o5 o4 o2 o1')
    expect(ids(together([at(5), at(3)], true, [at(4), at(1)], false, false))).toBe('o5 o4 o3')
    expect(ids(together([at(5), at(3)], true, [at(4), at(1)], true, false))).toBe('o5 o4 o3')
    expect(ids(together([], false, [at(4)], true, false))).toBe('o4')
    expect(ids(together([at(1), at(3)], true, [at(2), at(4)], false, true))).toBe('o1 o2 o3')
  })
})
