// Drives the console as a German has it: numbers are shown with a comma before their decimals, what
// is typed is read so, shown as it was understood, and sent as the API has it.
//
// BASE_URL, KEY1, SECRET1; and what open.mjs takes.
import assert from 'node:assert/strict'
import { open } from './open.mjs'

const { BASE_URL, KEY1, SECRET1 } = process.env
const { page, complaints, run, signUp, connect } = await open('locale', { viewport: { width: 1440, height: 900 }, locale: 'de-DE' })
const at = (id) => page.getByTestId(id)
const step = (text) => console.log(`· ${text}`)
const understood = (id) => page.locator(`.amount:has([data-testid="${id}"]) [data-read]`).textContent()

/** The body of the request that is sent by act. */
async function sent(method, path, act) {
  const [request] = await Promise.all([page.waitForRequest((r) => r.method() === method && new URL(r.url()).pathname.match(path)), act()])
  return request.postDataJSON()
}

await run(async () => {
  await page.goto(BASE_URL)
  await signUp('Locale', `locale-${Date.now()}@example.com`)
  await connect('connect-first', 'Depot', KEY1, SECRET1)

  step('figures are German')
  await page.waitForFunction(() => /^\d{1,3}(\.\d{3})*,\d\d$/.test(document.querySelector('[data-testid=equity]').textContent))

  step('1.000 is a thousand in the form of the limits, and shown as that')
  await at('nav-guards').click()
  await at('edit-limits').click()
  await at('limit-max_order_notional').fill('1.000')
  assert.equal(await understood('limit-max_order_notional'), '= 1.000,00')
  await at('limit-max_position_notional').fill('12.50')
  assert.ok(await at('limits-submit').isDisabled(), '12.50 could be meant for 12,50')
  await at('limit-max_position_notional').fill('200.000,5')
  await at('limit-orders_per_day').fill('1.000')
  const limits = await sent('PUT', /guards$/, () => at('limits-submit').click())
  assert.deepEqual([limits.max_order_notional, limits.max_position_notional, limits.orders_per_day], ['1000', '200000.5', 1000])
  await at('limits').getByText('1.000,00').waitFor()
  await at('edit-limits').click()
  assert.equal(await at('limit-max_position_notional').inputValue(), '200000,5')

  step('the ticket reads and shows German numbers')
  await page.getByRole('link', { name: 'Desk' }).click()
  await at('ticket-symbol').fill('AAPL')
  await at('ticket-type').getByText('limit', { exact: true }).click()
  await at('ticket-qty').fill('1.5')
  await at('ticket-limit').fill('20,25')
  await at('ticket-hint').getByText('1.000 or 12,5').waitFor()
  assert.ok(await at('ticket-submit').isDisabled())
  await at('ticket-qty').fill('2')
  assert.equal(await understood('ticket-limit'), '= 20,25')
  await page.locator('[data-testid=preview][data-allowed=true]').waitFor()
  assert.equal(await at('preview-cost').textContent(), '40,50')
  const order = await sent('POST', /\/orders$/, () => at('ticket-submit').click())
  assert.deepEqual([order.qty, order.limit_price], ['2', '20.25'])

  step('so does the replacement')
  await at(`replace-${order.client_order_id}`).click()
  assert.equal(await at('replace-limit').inputValue(), '20,25')
  await at('replace-limit').fill('20,5')
  assert.deepEqual(await sent('PATCH', /^\/api\/orders\//, () => at('replace-submit').click()), { limit_price: '20.5' })
  await at('replace-form').waitFor({ state: 'detached' })

  step('what the server says to programs is German as well')
  await at('ticket-qty').fill('100')
  await at('ticket-limit').fill('20,25')
  await at('preview-violations').getByText('2.025').waitFor()
  await at('ticket-qty').fill('1000')
  await at('preview-violations').getByText('20.250').waitFor()
  assert.doesNotMatch(await at('figures').textContent(), /\d\.\d\d(?!\d)/, 'a number is not German')

  assert.deepEqual(complaints, [], 'the browser complained')
  console.log('ok')
})
