// Two accounts of one user, one of them live, in a real browser: which one it is cannot be overlooked,
// nothing is ordered with real money by accident, and all are seen and halted on one page.
//
// BASE_URL, KEY1, SECRET1 (of a paper account), LIVE_KEY, LIVE_SECRET; and what open.mjs takes.
import assert from 'node:assert/strict'
import { open } from './open.mjs'

const { BASE_URL, KEY1, SECRET1, LIVE_KEY, LIVE_SECRET } = process.env
const { page, complaints, run, signUp, connect, goTo } = await open('accounts', { viewport: { width: 1440, height: 900 } })
const at = (id) => page.getByTestId(id)
const step = (what) => console.log(what)
const focused = () => page.evaluate(() => document.activeElement?.dataset.testid)

async function choose(name) {
  await at('account-select').click()
  await at(`account-option-${name}`).click()
  await page.waitForFunction((name) => document.querySelector('[data-testid=account-select]')?.textContent?.includes(name), name)
}

/** Fills the ticket in, and waits for what it would come to. */
async function fill(symbol, qty) {
  await at('ticket-symbol').fill(symbol)
  await at('ticket-qty').fill(qty)
  await page.locator('[data-testid=preview][data-allowed]').waitFor()
}

let orders = 0
page.on('request', (r) => r.method() === 'POST' && r.url().endsWith('/api/orders') && orders++)

await run(async () => {
  await page.goto(BASE_URL)
  await signUp('Accounts', `accounts-${Date.now()}@example.com`)
  await connect('connect-first', 'Practice', KEY1, SECRET1)

  step('keys of a live account connect no paper account; then the kind is changed, and they do')
  await goTo('accounts')
  await at('connect').click()
  await at('connect-name').fill('Savings')
  await at('connect-key').fill(LIVE_KEY)
  await at('connect-secret').fill(LIVE_SECRET)
  await at('connect-submit').click()
  await at('connect-error').waitFor()
  await at('connect-environment').getByText('live').click()
  await at('connect-key').fill(LIVE_KEY)
  await at('connect-secret').fill(LIVE_SECRET)
  await at('connect-submit').click()
  await at('connect-form').waitFor({ state: 'detached' })

  step('the live account has a frame on each page, and the paper account has none')
  await at('live-frame').waitFor()
  await goTo('desk')
  await at('ticket-live').waitFor()
  await choose('Practice')
  await at('live-frame').waitFor({ state: 'detached' })
  assert.equal(await at('ticket-live').count(), 0)

  step('a ticket that is half filled in stays with its account')
  await at('ticket-symbol').fill('AAPL')
  await at('ticket-qty').fill('3')
  await goTo('journal')
  await goTo('desk')
  assert.deepEqual([await at('ticket-symbol').inputValue(), await at('ticket-qty').inputValue()], ['AAPL', '3'])
  await choose('Savings')
  await at('ticket-live').waitFor()
  assert.deepEqual([await at('ticket-symbol').inputValue(), await at('ticket-qty').inputValue()], ['', ''])

  step('Enter, held or pressed again, sends nothing with real money')
  await fill('AAPL', '2')
  await at('ticket-qty').focus()
  await page.keyboard.down('Enter')
  await at('live-cancel').waitFor()
  await page.waitForFunction(() => document.activeElement?.dataset.testid === 'live-cancel')
  for (let n = 0; n < 5; n++) await page.keyboard.down('Enter') // as it repeats while it is held
  assert.equal(await focused(), 'live-cancel', 'a key that is held has answered')
  await page.keyboard.up('Enter')
  assert.match(await at('live-dialog').textContent(), /Savings.*buy.*2.*AAPL.*market.*\$/)
  await page.keyboard.press('Enter')
  await at('live-dialog').waitFor({ state: 'detached' })
  assert.equal(orders, 0)

  step('a button is enough for a small order, and the symbol is typed for a large one')
  await at('ticket-submit').click()
  await at('live-accept').click()
  await at('position-AAPL').waitFor()
  assert.equal(orders, 1)
  await fill('SPY', '40')
  await at('ticket-submit').click()
  await at('live-typed').fill('spx')
  await page.keyboard.press('Enter')
  assert.equal(await at('live-accept').isDisabled(), true)
  await at('live-typed').fill('spy')
  await page.keyboard.press('Enter')
  assert.equal(await at('live-dialog').count(), 1, 'Enter has confirmed it')
  assert.equal(orders, 1)
  await at('live-accept').click()
  await at('position-SPY').waitFor()
  assert.equal(orders, 2)

  step('closing asks, too')
  await at('close-AAPL').click()
  await at('close-submit').click()
  await at('live-cancel').click()
  await page.keyboard.press('Escape')
  await at('close-form').waitFor({ state: 'detached' })

  step('all accounts are on one page, those of real money apart, by one request')
  const asked = []
  page.on('request', (r) => /\/api\/(portfolio|account|positions)\b/.test(r.url()) && asked.push(`${new URL(r.url()).pathname} ${r.headers()['x-account-id'] ?? ''}`))
  await goTo('accounts')
  await at('overview-paper').waitFor()
  await page.waitForFunction(() => /\$/.test(document.querySelector('[data-testid=total-live]')?.textContent ?? ''))
  const equity = async (kind) => Number((await at(`total-${kind}`).locator('strong').textContent()).replace(/[$,]/g, ''))
  for (const kind of ['live', 'paper']) assert.ok(Math.abs((await equity(kind)) - 100_000) < 5_000, `${kind} accounts are worth ${await equity(kind)} together`)
  assert.ok(asked.some((one) => one.startsWith('/api/portfolio')))
  const practice = await page.evaluate(() => fetch('/api/accounts').then((r) => r.json()).then((r) => r.accounts.find((a) => a.name === 'Practice').id))
  assert.deepEqual(asked.filter((one) => one.includes(practice)), [], 'an account that is not shown cost a request of Alpaca’s')

  step('all are halted at once, and each says so')
  await at('halt-all').click()
  assert.match(await at('turn-all-words').textContent(), /2 accounts, of which\s+1 is live:\s+Savings/)
  await at('turn-all-reason').fill('storm')
  await at('turn-all-submit').click()
  await page.locator('[data-testid=turn-all-results][data-over=true]').waitFor()
  await at('turn-all-done').click()
  for (const name of ['Practice', 'Savings']) await page.locator(`[data-testid=overview-${name}][data-switch=halted]`).waitFor()
  await at('account-select').click()
  assert.match(await at('account-option-Practice').textContent(), /Halted/)
  await page.getByRole('option', { name: /^Practice paper Halted ?, equity \$.*, today .*(Alpaca|keys)/ }).waitFor()
  await page.keyboard.press('Escape')

  assert.deepEqual(complaints, [], 'the browser complained')
  console.log('ok')
})
