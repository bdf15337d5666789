// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { h, ref } from 'vue'
import { useAccounts } from '../stores/accounts'
import { useAssets } from '../stores/assets'
import { at, asked, fill, isThere, requests, settled, show, text, useComponentTests } from '../testing/mount'
import SymbolField from './SymbolField.vue'

useComponentTests()

const asset = (symbol: string, name: string) => ({ symbol, name, class: 'us_equity', tradable: true })
const symbol = ref('')
const input = () => at<HTMLInputElement>('ticket-symbol')

async function setUp() {
  symbol.value = ''
  await show({
    render: () =>
      h(SymbolField, { modelValue: symbol.value, 'onUpdate:modelValue': (to: string) => (symbol.value = to) }),
  })
}
async function come() {
  input().focus()
  await settled()
  await new Promise((done) => setTimeout(done, 50)) // until the search is loaded
  await settled()
}
async function answer() {
  const [coins, shares] = requests('GET', '/api/assets')
  await shares!.answer([asset('AAPL', 'Apple Inc.'), asset('APLE', 'Apple Hospitality')])
  await coins!.answer([])
}
async function type(value: string) {
  await fill('ticket-symbol', value)
  await new Promise((done) => setTimeout(done, 120))
  await settled()
}
const press = async (code: string) => {
  input().dispatchEvent(new KeyboardEvent('keydown', { code, key: code, bubbles: true, cancelable: true }))
  await settled()
}
const options = () =>
  [...document.querySelectorAll('[role=option]')].map((o) => o.textContent!.replace(/\s+/g, ' ').trim())

describe('the field for a symbol', () => {
  it('asks for what can be traded when somebody comes to it, once, and keeps what was typed and the focus', async () => {
    await setUp()
    expect(asked.filter((q) => q.url.includes('assets'))).toEqual([])
    await fill('ticket-symbol', 'AA')
    await come()
    expect([input().getAttribute('role'), input().value, document.activeElement === input()]).toEqual([
      'combobox',
      'AA',
      true,
    ])
    await answer()
    input().blur()
    await come()
    expect(requests('GET', '/api/assets')).toHaveLength(2)
    useAccounts().select('b')
    await come()
    expect(requests('GET', '/api/assets')).toHaveLength(2)
  })

  it('lists what may be meant with its name, of which the keyboard takes one', async () => {
    await setUp()
    await come()
    await answer()
    await type('app')
    expect(options()).toEqual(['AAPL Apple Inc.', 'APLE Apple Hospitality'])
    expect(input().getAttribute('aria-expanded')).toBe('true')
    await press('ArrowDown')
    await press('Enter')
    expect([symbol.value, input().value, text('ticket-symbol-name')]).toEqual(['AAPL', 'AAPL', 'Apple Inc.'])
  })

  it('takes what is typed as it is, and says where there is no such symbol', async () => {
    await setUp()
    await come()
    await type('aapx')
    expect([symbol.value, text('ticket-symbol-name')]).toEqual(['aapx', '']) // nothing is known yet
    await answer()
    expect(text('ticket-symbol-name')).toBe('Alpaca has no “AAPX”.')
    expect(isThere('symbols')).toBe(false)
  })

  it('is of use where the list could not be read, and reads it when somebody comes again', async () => {
    await setUp()
    await come()
    const [coins, shares] = requests('GET', '/api/assets')
    await shares!.lose()
    await coins!.lose()
    await type('AAPL')
    expect([symbol.value, text('ticket-symbol-name'), useAssets().list]).toEqual(['AAPL', '', null])
    input().blur()
    await come()
    expect(requests('GET', '/api/assets')).toHaveLength(4)
  })
})
