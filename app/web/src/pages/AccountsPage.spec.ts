// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { anAccount } from '../testing/fixtures'
import { at, click, fill, isThere, requests, settled, show, submit, text, useComponentTests } from '../testing/mount'
import AccountsPage from './AccountsPage.vue'

useComponentTests()

async function open() {
  await show(AccountsPage, {}, { has_credentials: false })
}
const openOrders = { code: 'open_orders', message: 'Orders are open.', request_id: '1' }

async function press(name: string) {
  const button = [...at('account-Swing').querySelectorAll('button')].find((b) => b.textContent === name)!
  button.click()
  await settled()
}

describe('the page of the accounts', () => {
  it('deletes nothing without a yes', async () => {
    await open()
    await press('Delete')
    expect(document.body.textContent).toContain('Delete “Swing” and all that Paddock keeps of it?')
    await click('confirm-reject')
    expect(requests('DELETE', '/api/accounts/a')).toHaveLength(0)
    await press('Delete')
    await click('confirm-accept')
    expect(requests('DELETE', '/api/accounts/a')).toHaveLength(1)
  })

  it.each([
    ['cancel', '/api/accounts/a?open_orders=cancel'],
    ['leave', '/api/accounts/a?open_orders=leave'],
    ['nothing', undefined],
  ])('asks what becomes of open orders: %s', async (choice, url) => {
    await open()
    await press('Delete')
    await click('confirm-accept')
    await requests('DELETE', '/api/accounts/a')[0]!.answer(openOrders, 409)
    await click(`open-orders-${choice}`)
    expect(requests('DELETE', '/api/accounts/a').map((q) => q.url)[0]).toBe(url ?? '/api/accounts/a')
    expect(requests('DELETE', '/api/accounts/a')).toHaveLength(url ? 2 : 1)
    expect(isThere('open-orders')).toBe(false)
  })

  it('renames an account, and says why where it cannot', async () => {
    await open()
    await press('Rename')
    await fill('rename-name', 'Other')
    await submit('rename-form')
    const sent = () => requests('PATCH', '/api/accounts/a')
    expect(sent()[0]!.body).toEqual({ name: 'Other' })
    await sent()[0]!.answer({ code: 'name_taken', message: 'There is one of this name.', request_id: '1' }, 409)
    expect(text('rename-error')).toContain('There is one of this name.')
    await fill('rename-name', 'Mine')
    await submit('rename-form')
    await sent()[0]!.answer(anAccount({ name: 'Mine' }))
    expect(isThere('rename-form')).toBe(false)
  })
})
