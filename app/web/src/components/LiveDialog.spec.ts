// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { askLive } from '../liveQuestion'
import { anOrder } from '../testing/fixtures'
import { at, click, fill, isThere, requests, settled, show, submit, text, useComponentTests } from '../testing/mount'
import ReplaceDialog from './ReplaceDialog.vue'

useComponentTests()

const question = {
  account: 'Savings',
  what: [{ name: 'Side', value: 'buy' }],
  accept: 'Buy',
  worth: '5',
  typed: 'AAPL',
}

function key(id: string, name: string, repeat = false) {
  const e = new KeyboardEvent('keydown', { key: name, repeat, bubbles: true, cancelable: true })
  at(id).dispatchEvent(e)
  return e
}

describe('the question about real money', () => {
  it('names the account, and is refused by Cancel', async () => {
    await show({ render: () => null })
    const answer = askLive(question)
    await settled()
    expect(text('live-dialog')).toContain('AccountSavings live')
    await click('live-cancel')
    expect(await answer).toBe(false)
  })

  it('is answered by no key that is held from before, nor by Enter where something is typed', async () => {
    await show({ render: () => null })
    let answered: boolean | null = null
    void askLive({ ...question, worth: null }).then((yes) => (answered = yes))
    await settled()
    expect(key('live-cancel', 'Enter', true).defaultPrevented).toBe(true)
    expect(key('live-accept', ' ', true).defaultPrevented).toBe(true)
    expect(key('live-cancel', 'Enter').defaultPrevented).toBe(false)
    await fill('live-typed', 'AAPL')
    key('live-typed', 'Enter')
    await settled()
    expect([answered, at('live-typed').closest('form')]).toEqual([null, null])
  })

  it('is one at a time: what was asked before is not agreed to', async () => {
    await show({ render: () => null })
    const first = askLive(question)
    const second = askLive({ ...question, account: 'Other' })
    await settled()
    expect(await first).toBe(false)
    expect(text('live-dialog')).toContain('Other')
    await click('live-accept')
    expect(await second).toBe(true)
    expect(isThere('live-dialog')).toBe(false)
  })
})

describe('replacing an order with real money', () => {
  const order = anOrder({ alpaca_order_id: 'x', type: 'limit', limit_price: '190', qty: '10' })
  const sent = () => requests('PATCH', '/api/orders/id')

  it.each([
    ['11', '2,090.00', false],
    ['100', '19,000.00', true],
  ])('is asked about by what it comes to: %s', async (qty, worth, typed) => {
    await show(ReplaceDialog, { order }, { environment: 'live' })
    await fill('replace-qty', qty)
    await submit('replace-form')
    expect(sent()).toHaveLength(0)
    expect(text('live-dialog')).toMatch(new RegExp(`Quantity ?${qty}.*limit 190.*about \\$${worth}`))
    expect(isThere('live-typed')).toBe(typed)
    await click('live-cancel')
    expect(sent()).toHaveLength(0)
    await submit('replace-form')
    if (typed) await fill('live-typed', 'AAPL')
    await click('live-accept')
    expect(sent()).toHaveLength(1)
  })

  it('is asked about by typing where nobody knows what it comes to, and not on a paper account', async () => {
    await show(ReplaceDialog, { order: anOrder({ alpaca_order_id: 'x' }) }, { environment: 'live' })
    await fill('replace-qty', '11')
    await submit('replace-form')
    expect(isThere('live-typed')).toBe(true)
  })
})
