// Drives the console through its main path, in a real browser against a real
// server: sign up → connect two accounts → buy → the fill appears → switch
// account: nothing of the first shows under the second. On its way it takes the server away.
//
// BASE_URL, KEY1, SECRET1, KEY2, SECRET2; SCREENSHOT (a file for the README's);
// and what open.mjs takes.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { open } from './open.mjs'

const { BASE_URL, KEY1, SECRET1, KEY2, SECRET2, SCREENSHOT } = process.env
const limits = JSON.parse(readFileSync(new URL('../../../app/web/scripts/limits.json', import.meta.url), 'utf8'))
const email = `browser-${Date.now()}@example.com`
const password = 'a long enough password'

const { page, complaints, run, signUp } = await open('browser', { viewport: { width: 1440, height: 900 }, colorScheme: 'dark' })

page.on('console', (m) => m.type() === 'error' && !/Failed to load resource/.test(m.text()) && complaints.push(`console: ${m.text()}`))

let [away, socket] = [false]
await page.routeWebSocket(/\/api\/ws/, (ws) => {
  if (away) return ws.close()
  socket = ws
  ws.connectToServer()
})

const at = (id) => page.getByTestId(id)
const step = (text) => console.log(`· ${text}`)

async function connect(opener, name, key, secret) {
  await at(opener).click()
  await at('connect-name').fill(name)
  await at('connect-key').fill(key)
  await at('connect-secret').fill(secret)
  await at('connect-submit').click()
  await at('connect-form').waitFor({ state: 'detached' })
}

async function buy(symbol, qty) {
  await at('ticket-symbol').fill(symbol)
  await at('ticket-qty').fill(qty)
  const [answer] = await Promise.all([
    page.waitForResponse((r) => r.url().endsWith('/api/orders') && r.request().method() === 'POST'),
    at('ticket-submit').click(),
  ])
  assert.ok([201, 202].includes(answer.status()), `the order was answered with ${answer.status()}: ${await answer.text()}`)
  return (await answer.json()).client_order_id
}

async function choose(name) {
  await at('account-select').click()
  await at(`account-option-${name}`).click()
  await page.waitForFunction((name) => document.querySelector('[data-testid=account-select]')?.textContent?.includes(name), name)
}

/** Keys must be nowhere in the page once they were sent. */
async function findKeys() {
  return page.evaluate((keys) => {
    const inputs = [...document.querySelectorAll('input')].map((i) => i.value)
    const all = [document.documentElement.outerHTML, JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie, ...inputs].join('\n')
    return keys.filter((k) => all.includes(k))
  }, [KEY1, SECRET1, KEY2, SECRET2])
}

await run(async () => {
  step('sign up')
  await page.goto(BASE_URL)
  await page.getByTestId('sign-form').waitFor()

  step('who signs in waits for no more script than limits.json lets it be')
  await page.waitForLoadState('networkidle')
  const loaded = await page.evaluate(() => performance.getEntriesByType('resource').filter((r) => /\.(js|css)$/.test(r.name)).map((r) => r.encodedBodySize))
  const kB = loaded.reduce((sum, size) => sum + size, 0) / 1000
  console.log(`  ${kB.toFixed(1)} kB in ${loaded.length} files, of ${limits['sign-in'].kB} kB`)
  assert.ok(loaded.length > 0 && kB <= limits['sign-in'].kB, `sign-in loaded ${kB} kB`)
  await signUp('Browser', email, password)

  step('connect two accounts')
  await connect('connect-first', 'First', KEY1, SECRET1)
  await page.waitForFunction(() => /\d/.test(document.querySelector('[data-testid=account-number]')?.textContent ?? ''))
  const firstNumber = await at('account-number').textContent()
  await at('nav-accounts').click()
  await connect('connect', 'Second', KEY2, SECRET2)
  assert.deepEqual(await findKeys(), [], 'a key is still in the page after it was sent')

  step('buy on the first account, and see the fill arrive without a reload')
  await choose('First')
  await page.getByRole('link', { name: 'Desk' }).click()
  await page.locator('[data-testid=connection].live').waitFor()
  const loads = []
  page.on('framenavigated', (f) => f === page.mainFrame() && loads.push(f.url()))
  const bought = await buy('AAPL', '7')
  await page.locator(`[data-testid="order-${bought}"][data-status=filled]`).waitFor()
  await at('position-AAPL').waitFor()
  assert.match(await at('position-AAPL').textContent(), /7/)
  assert.deepEqual(loads, [], 'the fill came by a reload')

  step('the order is not sent again by Enter, and the focus is where the next one is written')
  assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), 'ticket-qty')
  let sent = 0
  const count = (r) => r.url().endsWith('/api/orders') && r.method() === 'POST' && sent++
  page.on('request', count)
  await page.keyboard.press('Enter')
  await at('close-AAPL').click()
  await at('close-form').waitFor()
  assert.equal(await page.evaluate(() => document.activeElement.closest('[data-testid=close-form]') !== null), true, 'the focus is not in the dialog’s form')
  await page.keyboard.press('Escape')
  await at('close-form').waitFor({ state: 'detached' })
  await page.waitForFunction(() => document.activeElement?.dataset.testid === 'close-AAPL')
  assert.equal(sent, 0)
  page.off('request', count)

  step('figures move by themselves, and the window’s title with them')
  const equity = await at('equity').textContent()
  await page.waitForFunction((was) => document.querySelector('[data-testid=equity]').textContent !== was, equity)
  assert.match(await page.title(), /^[+−]?[\d.,]+ · First · Desk · Paddock$/)

  step('the server is away and comes back: it is said, nothing is called empty that is not known, and no error stays')
  away = true
  await page.route('**/api/**', (route) => route.abort())
  await socket.close()
  await at('connection').getByText('Offline since').waitFor()
  await at('refresh').click()
  await page.getByText('cannot be reached').waitFor()
  await page.reload().catch(() => {})
  assert.equal(await page.getByText('No open positions.').count(), 0)
  away = false
  await page.unroute('**/api/**')
  await page.locator('[data-testid=connection].live').waitFor()
  await at('position-AAPL').waitFor()
  await page.getByText('cannot be reached').waitFor({ state: 'detached' })

  if (SCREENSHOT) {
    for (const [symbol, qty] of [['NVDA', '12'], ['MSFT', '5']]) {
      const id = await buy(symbol, qty)
      await page.locator(`[data-testid="order-${id}"][data-status=filled]`).waitFor()
    }
    await at('ticket-symbol').fill('SPY')
    await at('ticket-qty').fill('3')
    await page.waitForTimeout(1200)
    await page.screenshot({ path: SCREENSHOT })
  }

  step('each page opens')
  for (const name of ['journal', 'approvals', 'guards', 'accounts', 'audit', 'profile']) {
    await at(`nav-${name}`).click()
    await page.locator('main h1').waitFor()
    await page.waitForLoadState('networkidle')
  }
  await page.getByRole('link', { name: 'Desk' }).click()

  step('nothing of the first account shows under the second')
  await choose('Second')
  await page.waitForFunction((n) => { const t = document.querySelector('[data-testid=account-number]')?.textContent ?? ''; return /\d/.test(t) && t !== n }, firstNumber)
  await page.getByText('No orders yet.').waitFor()
  const desk = await at('desk').innerHTML()
  for (const foreign of [bought, 'AAPL', firstNumber]) assert.ok(!desk.includes(foreign) || foreign === 'AAPL' && !/position-AAPL/.test(desk), `${foreign} of the first account shows under the second`)
  assert.equal(await at('position-AAPL').count(), 0)

  step('each tab stays on its account through reloads and the back button, and no foreign account is shown as another')
  const shows = (where, name) => where.waitForFunction((name) => document.querySelector('[data-testid=account-select]')?.textContent?.includes(name), name)
  const second = page.url()
  const tab = await page.context().newPage()
  await tab.goto(second.replace(/account=.*/, ''))
  await shows(tab, 'Second')
  await tab.getByTestId('account-select').click()
  await tab.getByTestId('account-option-First').click()
  await tab.locator(`[data-testid="order-${bought}"]`).waitFor()
  for (const where of [page, tab]) await where.reload()
  await shows(page, 'Second')
  await shows(tab, 'First')
  await tab.goBack()
  await shows(tab, 'Second')
  assert.equal(tab.url(), second)
  await tab.goto(second.replace(/account=.*/, 'account=0198c6a0-0000-7000-8000-000000000000'))
  await tab.getByTestId('strange-account').waitFor()
  assert.equal(await tab.getByTestId('desk').count(), 0)
  await tab.close()
  await choose('First')
  await page.locator(`[data-testid="order-${bought}"]`).waitFor()

  step('sign out, a wrong password, and sign in again')
  await at('sign-out').click()
  await at('email').fill(email)
  await at('password').fill('not the password')
  await at('sign-submit').click()
  await at('sign-error').waitFor()
  await at('password').fill(password)
  await at('sign-submit').click()
  await page.locator(`[data-testid="order-${bought}"]`).waitFor()

  assert.deepEqual(await findKeys(), [], 'a key is in the page')
  assert.deepEqual(complaints, [], 'the browser complained')
  console.log('ok')
})
