// Drives the journal in the console, in a real browser against a real server:
// buy → the journal shows it open, with its fill → close → the same round trip
// is closed by itself → the filters → the desk says how fresh its orders are →
// the audit has all of it.
//
// BASE_URL, KEY1, SECRET1; and what open.mjs takes.
import assert from 'node:assert/strict'
import { open } from './open.mjs'

const { BASE_URL, KEY1, SECRET1 } = process.env
const { page, complaints, run, signUp } = await open('journal', { viewport: { width: 1280, height: 900 } })

page.on('console', (m) => m.type() === 'error' && !/Failed to load resource/.test(m.text()) && complaints.push(`console: ${m.text()}`))

const at = (id) => page.getByTestId(id)
const step = (text) => console.log(`· ${text}`)
const choose = (id, text) => at(id).getByText(text, { exact: true }).click()
const row = (id, status) => page.locator(`[data-testid="order-${id}"][data-status=${status}]`)
const trip = (status) => page.locator(`[data-testid=trip-AAPL][data-status=${status}]`)

/** What the server answers to a change, which is sent by act. */
async function answer(method, path, act) {
  const [response] = await Promise.all([
    page.waitForResponse((r) => new URL(r.url()).pathname.match(path) && r.request().method() === method),
    act(),
  ])
  assert.ok(response.ok(), `${method} ${path} was answered with ${response.status()}: ${await response.text()}`)
  return response.json()
}

/** Nothing is wider than a window or a telephone, and every field says what it
 * is for. */
async function look(where) {
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 900 })
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
    const widest = wide && (await page.evaluate(() => [...document.querySelectorAll('body *')]
      .filter((e) => e.getBoundingClientRect().right > window.innerWidth + 1 && !e.closest('.scroll')).map((e) => `${e.tagName}.${e.className} ${e.getBoundingClientRect().right}`).slice(0, 12).join('\n')))
    assert.equal(wide, false, `${where} is wider than ${width} pixels: ${widest}`)
  }
  const nameless = await page.evaluate(() => [...document.querySelectorAll('input, select')]
    .filter((f) => f.offsetParent && !f.labels.length && !f.ariaLabel && !f.getAttribute('aria-labelledby')).map((f) => f.outerHTML))
  assert.deepEqual(nameless, [], `fields without a name: ${where}`)
}

await run(async () => {
  step('sign up and connect an account')
  await page.goto(BASE_URL)
  await signUp('Journal', `journal-${Date.now()}@example.com`)
  await at('connect-first').click()
  await at('connect-name').fill('Kept')
  await at('connect-key').fill(KEY1)
  await at('connect-secret').fill(SECRET1)
  await at('connect-submit').click()
  await page.locator('[data-testid=connection].live').waitFor()

  step('the journal says that nothing was traded')
  await at('nav-journal').click()
  await at('trips').getByText('No round trips yet').waitFor()

  step('what is bought is an open round trip')
  await page.getByRole('link', { name: 'Desk' }).click()
  await at('ticket-symbol').fill('AAPL')
  await at('ticket-qty').fill('2')
  await choose('ticket-type', 'limit')
  await at('ticket-limit').fill('500')
  const bought = await answer('POST', /\/api\/orders$/, () => at('ticket-submit').click())
  await row(bought.client_order_id, 'filled').waitFor()
  await at('nav-journal').click()
  await trip('open').getByText('long', { exact: true }).waitFor()
  await at('fills-of-AAPL').click()
  await at('fills').getByText('buy 2 at').waitFor()

  step('once it is closed the open journal shows so by itself')
  const key = crypto.randomUUID()
  const closed = await page.evaluate(async (key) => {
    const { accounts: [{ id: account }] } = await (await fetch('/api/accounts')).json()
    const response = await fetch('/api/positions/AAPL', { method: 'DELETE', headers: { 'X-Account-ID': account, 'Idempotency-Key': key } })
    return response.status
  }, key)
  assert.ok([200, 201].includes(closed), `closing was answered with ${closed}`)
  await trip('closed').waitFor()
  await at('fills').getByText('sell 2 at').waitFor()
  await look('the journal')

  step('the filters reach the server')
  await choose('journal-status', 'open')
  await at('trips').getByText('No round trip is like that.').waitFor()
  await choose('journal-status', 'closed')
  await trip('closed').waitFor()
  await at('journal-symbol').fill('msft')
  await at('journal-symbol').press('Enter')
  await at('trips').getByText('No round trip is like that.').waitFor()
  await at('journal-symbol').fill('')
  await at('journal-symbol').press('Enter')
  await choose('journal-status', 'all')
  await choose('journal-scope', 'agent')
  await at('trips').getByText('No agent has traded on this account yet.').waitFor()
  await look('the empty journal')

  step('the desk says how fresh its orders are')
  await page.getByRole('link', { name: 'Desk' }).click()
  await at('orders-as-of').getByText('compared with Alpaca').waitFor()
  await look('the desk')

  step('the audit says who did what, and from where')
  await at('nav-audit').click()
  const audited = (action) => page.locator(`[data-testid=audit-rows] tr[data-action="${action}"]`)
  await audited('order.place').filter({ hasText: 'You' }).filter({ hasText: 'symbol AAPL' }).first().waitFor()
  await audited('credentials.store').waitFor()
  assert.equal(await audited('credentials.decrypt').count(), 0, 'uses of the keys are shown before they are wanted')
  await page.getByLabel('Each use of the keys').check()
  await audited('credentials.decrypt').first().waitFor()
  await look('the audit')
  await at('audit-action').click()
  await page.getByRole('option', { name: 'guards', exact: true }).click()
  await at('audit-rows').getByText('Nothing of this kind yet.').waitFor()
  await page.locator('.p-select-overlay').waitFor({ state: 'detached' }) // it fades out
  const [exported] = await Promise.all([page.waitForEvent('download'), at('audit-csv').click()])
  assert.equal(exported.suggestedFilename(), 'audit.csv')
  await choose('audit-of', 'Your sign-in')
  await audited('session.begin').filter({ hasText: 'You' }).waitFor()
  await look('the audit of signing in')

  assert.deepEqual(complaints, [], 'the browser complained')
  console.log('ok')
})
