// Drives what the console can do to orders, in a real browser against a real
// server: limit what an order may be worth → the preview refuses → a smaller
// one is placed → replaced → filled → the position is closed → trading is
// halted, and the desk says so.
//
// BASE_URL, KEY1, SECRET1; and what open.mjs takes.
import assert from 'node:assert/strict'
import { open } from './open.mjs'

const { BASE_URL, KEY1, SECRET1 } = process.env
const { page, complaints, run } = await open('guards', { viewport: { width: 1280, height: 900 } })

page.on('console', (m) => m.type() === 'error' && !/Failed to load resource/.test(m.text()) && complaints.push(`console: ${m.text()}`))

const at = (id) => page.getByTestId(id)
const step = (text) => console.log(`· ${text}`)
const choose = (id, text) => at(id).getByText(text, { exact: true }).click()
const row = (id, status) => page.locator(`[data-testid="order-${id}"][data-status=${status}]`)

/** What the server answers to a change, which is sent by act. */
async function answer(method, path, act) {
  const [response] = await Promise.all([
    page.waitForResponse((r) => new URL(r.url()).pathname.match(path) && r.request().method() === method),
    act(),
  ])
  assert.ok(response.ok(), `${method} ${path} was answered with ${response.status()}: ${await response.text()}`)
  return response.json()
}

/** Nothing is wider than the window, and every field says what it is for. */
async function look(where) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
  assert.equal(wide, false, `${where} is wider than the window`)
  const nameless = await page.evaluate(() => [...document.querySelectorAll('input, select')]
    .filter((f) => f.offsetParent && !f.labels.length && !f.ariaLabel && !f.getAttribute('aria-labelledby')).map((f) => f.outerHTML))
  assert.deepEqual(nameless, [], `fields without a name: ${where}`)
}

await run(async () => {
  step('sign up and connect an account')
  await page.goto(BASE_URL)
  await at('sign-turn').click()
  await at('name').fill('Guards')
  await at('email').fill(`guards-${Date.now()}@example.com`)
  await at('password').fill('a long enough password')
  await at('sign-submit').click()
  await at('connect-first').click()
  await at('connect-name').fill('Guarded')
  await at('connect-key').fill(KEY1)
  await at('connect-secret').fill(SECRET1)
  await at('connect-submit').click()
  await page.locator('[data-testid=connection].live').waitFor()

  step('limit what an order may be worth')
  await at('nav-guards').click()
  await at('edit-limits').click()
  await at('limit-max_order_notional').fill('1000')
  await look('the form of the limits')
  await at('limits-submit').click()
  await at('limits').getByText('$1,000.00').waitFor()

  step('the preview refuses what is worth more, and the button says why')
  await page.getByRole('link', { name: 'Desk' }).click()
  await at('ticket-symbol').fill('AAPL')
  await at('ticket-qty').fill('10')
  await choose('ticket-type', 'limit')
  await at('ticket-limit').fill('150')
  await at('preview-violations').getByText('1000').waitFor()
  assert.match(await at('ticket-submit').textContent(), /Refused by a guard: order value/)
  assert.ok(await at('ticket-submit').isDisabled())

  step('a smaller one is placed')
  await at('ticket-qty').fill('5')
  await page.locator('[data-testid=preview][data-allowed=true]').waitFor()
  assert.equal(await at('preview-cost').textContent(), '750.00')
  const placed = await answer('POST', /\/api\/orders$/, () => at('ticket-submit').click())
  await row(placed.client_order_id, 'new').waitFor()

  step('its replacement must pass the guards too')
  await at(`replace-${placed.client_order_id}`).click()
  assert.equal(await at('replace-limit').inputValue(), '150')
  await at('replace-limit').fill('500')
  await look('the dialog of a replacement')
  await at('replace-submit').click()
  await at('replace-error').getByText('1000').waitFor()

  step('replaced by one that is filled')
  await at('replace-qty').fill('2')
  const replacing = await answer('PATCH', /\/api\/orders\/.+/, () => at('replace-submit').click())
  await at('replace-form').waitFor({ state: 'detached' })
  await row(placed.client_order_id, 'replaced').waitFor()
  await row(replacing.client_order_id, 'filled').waitFor()
  await at('orders').getByText('Replaces: buy 5 AAPL limit 150.00').waitFor()
  await at('position-AAPL').waitFor()

  step('a bracket has its exits under it')
  await at('ticket-more').click()
  await at('ticket-exits').selectOption('after')
  assert.match(await at('ticket-missing').textContent(), /take profit, a stop loss, or both/)
  await at('ticket-symbol').fill('MSFT')
  await at('ticket-qty').fill('1')
  await at('ticket-type').selectOption('limit')
  await at('ticket-limit').fill('100')
  await at('ticket-take-profit').fill('900')
  await at('ticket-stop-loss').fill('90')
  await page.locator('[data-testid=preview][data-allowed=true]').waitFor()
  await look('the whole ticket')
  const bracket = await answer('POST', /\/api\/orders$/, () => at('ticket-submit').click())
  assert.equal(bracket.order_class, 'bracket')
  for (const n of [1, 2]) await page.locator(`[data-testid="order-${bracket.client_order_id}"] ~ tr.leg`).nth(n - 1).waitFor()

  step('half of the position is closed, and then all')
  await at('close-AAPL').click()
  await choose('close-part', 'Per cent')
  await at('close-amount').fill('50')
  await look('the dialog that closes a position')
  const half = await answer('DELETE', /\/api\/positions\/AAPL/, () => at('close-submit').click())
  assert.equal(half.qty, '1')
  await row(half.client_order_id, 'filled').waitFor()
  await at('close-all').click()
  await at('close-all-form').getByText('1 position of “Guarded” is closed').waitFor()
  await at('close-all-submit').click()
  await at('closed').getByText('AAPL').waitFor()
  await at('close-all-done').click()
  await at('position-AAPL').waitFor({ state: 'detached' })

  step('the journal has the round trip')
  await at('nav-journal').click()
  await page.locator('[data-testid=trip-AAPL][data-status=closed]').waitFor()
  await look('the journal')
  await page.setViewportSize({ width: 390, height: 844 })
  await look('the journal on a telephone')
  await page.setViewportSize({ width: 1280, height: 900 })

  step('the account agrees with Alpaca, and says how its updates are read')
  await at('nav-accounts').click()
  await page.locator('[data-testid=health-Guarded][data-status=ok]').waitFor()
  await at('sync-Guarded').click()
  await at('found-Guarded').getByText('compared with Alpaca').waitFor()
  const changed = page.waitForResponse((r) => r.request().method() === 'PATCH')
  await at('mode-Guarded').selectOption('ws')
  assert.equal((await changed).status(), 200)
  await page.waitForFunction(() => document.querySelector('[data-testid=mode-Guarded]').value === 'ws')
  await page.reload()
  await at('mode-Guarded').waitFor()
  assert.equal(await at('mode-Guarded').inputValue(), 'ws')
  await page.setViewportSize({ width: 390, height: 844 })
  await look('the accounts on a telephone')
  await page.setViewportSize({ width: 1280, height: 900 })

  step('trading is halted, and the desk says so')
  await at('nav-guards').click()
  await at('turn-halted').click()
  await at('switch-reason').fill('Earnings tonight')
  await look('the dialog of the switch')
  await at('switch-submit').click()
  await page.locator('[data-testid=switch][data-switch=halted]').waitFor()
  await page.getByRole('link', { name: 'Desk' }).click()
  await at('switch-banner').getByText('Earnings tonight').waitFor()
  await at('ticket-symbol').fill('AAPL')
  await at('ticket-qty').fill('1')
  await at('preview-violations').getByText('halted').waitFor()
  await page.setViewportSize({ width: 390, height: 844 })
  await look('the desk on a telephone')

  step('the owner opens it again')
  await at('nav-guards').click()
  await look('the guards on a telephone')
  await at('turn-open').click()
  await at('switch-submit').click()
  await page.locator('[data-testid=switch][data-switch=open]').waitFor()
  await page.getByRole('link', { name: 'Desk' }).click()
  await at('desk').waitFor()
  assert.equal(await at('switch-banner').count(), 0)

  assert.deepEqual(complaints, [], 'the browser complained')
  console.log('ok')
})
