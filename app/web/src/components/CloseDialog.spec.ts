// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { useAccounts } from '../stores/accounts'
import { usePositions } from '../stores/positions'
import { anOrder, aPosition } from '../testing/fixtures'
import {
  at,
  check,
  choose,
  fill,
  isThere,
  requests,
  settled,
  show,
  submit,
  text,
  useComponentTests,
} from '../testing/mount'
import CloseAllDialog from './CloseAllDialog.vue'
import CloseDialog from './CloseDialog.vue'

useComponentTests()

const sent = () => requests('DELETE', '/api/positions/AAPL')
const button = () => at<HTMLButtonElement>('close-submit')

describe('the dialog that closes a position', () => {
  it('closes all of it unless it is told otherwise, and is done with it', async () => {
    const dialog = await show(CloseDialog, { position: aPosition() })
    expect(text('close-submit')).toBe('Sell all of it')
    await submit('close-form')
    expect(sent().map((q) => [q.account, q.url])).toEqual([['a', '/api/positions/AAPL']])
    await sent()[0]!.answer(anOrder({ status: 'pending_new' }))
    expect(dialog.emitted('close')).toHaveLength(1)
  })

  it.each([
    ['Quantity', '2.5', 'qty=2.5', 'Sell 2.5'],
    ['Per cent', '50', 'percentage=50', 'Sell 50 %'],
  ])('closes a part by %s', async (part, amount, query, label) => {
    await show(CloseDialog, { position: aPosition() })
    await choose('close-part', part)
    expect(button().disabled).toBe(true)
    await fill('close-amount', '1e3')
    expect([button().disabled, text('close-form').includes('is not a plain number')]).toEqual([true, true])
    await fill('close-amount', amount)
    expect(text('close-submit')).toBe(label)
    await check('close-cancel-orders')
    await submit('close-form')
    expect(sent()[0]!.url).toBe(`/api/positions/AAPL?${query}&cancel_orders=true`)
  })

  it('buys a short position back, and says what open orders hold of it', async () => {
    await show(CloseDialog, { position: aPosition({ qty: '-10', qty_available: '-4' }) })
    expect(text('close-submit')).toBe('Buy back all of it')
    expect(text('close-form')).toContain('of which open orders hold 6')
  })

  it('goes on under the same key after a lost answer, also when it was closed and opened again', async () => {
    const first = await show(CloseDialog, { position: aPosition() })
    await submit('close-form')
    await submit('close-form')
    expect(sent()).toHaveLength(1)
    await sent()[0]!.lose()
    expect(text('close-error')).toContain('cannot be reached')
    first.vm.$.parent!.appContext.app.unmount()
    document.body.innerHTML = ''
    await show(CloseDialog, { position: aPosition() })
    await submit('close-form')
    expect(sent()).toHaveLength(2)
    expect(sent()[0]!.key).toBe(sent()[1]!.key)
  })

  it('ends when another account is selected', async () => {
    const dialog = await show(CloseDialog, { position: aPosition() })
    useAccounts().select('b')
    await settled()
    expect(dialog.emitted('close')).toBeTruthy()
  })
})

describe('the dialog that closes all positions', () => {
  it('says how many there are, sends it once, and shows what became of each', async () => {
    await show(CloseAllDialog)
    usePositions().list = [aPosition(), aPosition({ symbol: 'SPY' })]
    await settled()
    expect(text('close-all-form')).toContain(
      '2 positions of “Swing” are closed by market orders, after its 0 open orders are canceled',
    )
    await submit('close-all-form')
    await submit('close-all-form')
    const sent = requests('DELETE', '/api/positions')
    expect(sent.map((q) => q.url)).toEqual(['/api/positions?cancel_orders=true'])
    await sent[0]!.answer(
      [
        { symbol: 'AAPL', status: 200, body: anOrder({ status: 'pending_new' }) },
        { symbol: 'SPY', status: 422, body: { code: 'refused', message: 'It is halted.' } },
      ],
      207,
    )
    expect(text('closed')).toBe('AAPL Order sent; Alpaca says: pending new.SPY It is halted.')
    expect(isThere('close-all-form')).toBe(false)
  })

  it('leaves open orders where it is told to', async () => {
    await show(CloseAllDialog)
    await check('close-all-cancel-orders')
    await submit('close-all-form')
    expect(requests('DELETE', '/api/positions')[0]!.url).toBe('/api/positions')
  })
})
