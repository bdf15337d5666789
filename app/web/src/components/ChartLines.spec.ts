// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { linesOf } from '../chart/lines'
import { anOrder, aPosition } from '../testing/fixtures'
import ChartLines from './ChartLines.vue'

const order = anOrder({ id: 'o', alpaca_order_id: 'o', type: 'limit', limit_price: '180', side: 'buy' })

function setUp(may = true) {
  const lines = linesOf('AAPL', [order], [aPosition()])
  const wrapper = mount(ChartLines, {
    attachTo: document.body,
    props: {
      lines,
      tops: { 'o limit_price': 100, average: 20 },
      dragged: {},
      symbol: 'AAPL',
      may,
      priceAt: (y: number) => 190 - y / 10,
    },
  })
  const handle = () => wrapper.find('[data-testid=line-o]')
  const dragged = async () => {
    const [, to] = (wrapper.emitted('drag')?.at(-1) ?? []) as [unknown, string | null]
    await wrapper.setProps({ dragged: to === null ? {} : { 'o limit_price': to } })
    return to
  }
  const sent = () => (wrapper.emitted('move') ?? []).map((e) => (e as unknown[])[1])
  return { wrapper, handle, dragged, sent }
}

describe('the line of an open order', () => {
  it('is dragged to a price, which is told where it is let go', async () => {
    const { handle, dragged, sent } = setUp()
    await handle().trigger('pointerdown', { button: 0, clientY: 200 })
    await handle().trigger('pointermove', { clientY: 201 })
    expect(sent()).toEqual([])
    await handle().trigger('pointermove', { clientY: 150.6 })
    expect(await dragged()).toBe('184.94')
    expect(handle().text()).toContain('buy 10 limit 184.94')
    await handle().trigger('pointerup')
    await handle().trigger('click')
    expect(sent()).toEqual(['184.94'])
  })

  it('is moved by the arrow keys, told with Enter, and put back with Escape', async () => {
    const { handle, dragged, sent } = setUp()
    await handle().trigger('keydown', { key: 'ArrowUp' })
    expect(await dragged()).toBe('180.01')
    await handle().trigger('keydown', { key: 'ArrowDown', shiftKey: true })
    expect(await dragged()).toBe('179.91')
    expect(sent()).toEqual([])
    await handle().trigger('click')
    expect(sent()).toEqual(['179.91'])
    await handle().trigger('keydown', { key: 'Escape' })
    expect(await dragged()).toBeNull()
  })

  it('opens the change of the order where it is clicked', async () => {
    const { handle, sent } = setUp()
    await handle().trigger('pointerdown', { button: 0, clientY: 200 })
    await handle().trigger('pointerup')
    await handle().trigger('click')
    expect(sent()).toEqual(['180'])
  })

  it('is a name alone for who may not trade, as the average is for everybody', () => {
    const { wrapper, handle } = setUp(false)
    expect([handle().exists(), wrapper.findAll('button').length]).toEqual([false, 0])
    expect(wrapper.text()).toContain('average of 10 180.00')
  })
})
