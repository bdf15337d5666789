// @vitest-environment happy-dom
import { expect, it } from 'vitest'
import { anAccount } from '../testing/fixtures'
import { choose, fill, requests, settled, show, submit, text, useComponentTests } from '../testing/mount'
import ConnectDialog from './ConnectDialog.vue'

useComponentTests()

async function enter(key: string) {
  await fill('connect-key', key)
  await fill('connect-secret', 'a secret of some letters')
  await submit('connect-form')
}
const refused = { code: 'credentials_rejected', message: 'Alpaca refuses these keys for a paper account.' }

it('takes another name and another kind after its keys were refused, and leaves no account behind', async () => {
  await show(ConnectDialog)
  await fill('connect-name', 'Savngs')
  await enter('AKAAAAAAAAAA')
  expect(requests('POST', '/api/accounts')[0]!.body).toEqual({ name: 'Savngs', environment: 'paper' })
  await requests('POST', '/api/accounts')[0]!.answer(anAccount({ id: 'n1', name: 'Savngs' }), 201)
  await requests('PUT', '/api/accounts/n1/credentials')[0]!.answer(refused, 422)
  expect(text('connect-error')).toContain('Alpaca refuses these keys')

  await fill('connect-name', 'Savings')
  await enter('AKAAAAAAAAAA')
  expect(requests('PATCH', '/api/accounts/n1')[0]!.body).toEqual({ name: 'Savings' })
  await requests('PATCH', '/api/accounts/n1')[0]!.answer(anAccount({ id: 'n1', name: 'Savings' }))
  await requests('PUT', '/api/accounts/n1/credentials')[0]!.answer(refused, 422)

  await choose('connect-environment', 'live')
  await enter('AKAAAAAAAAAA')
  await requests('DELETE', '/api/accounts/n1')[0]!.answer(null, 204)
  await settled()
  expect(requests('POST', '/api/accounts')[0]!.body).toEqual({ name: 'Savings', environment: 'live' })
})
