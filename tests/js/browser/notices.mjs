// Drives notices in a real browser against a real server, with two accounts: a fill on the one that
// is not shown is told by its name, counted at the bell, stands in the history after a reload, and is
// marked read for good. Where nobody sees the page the browser tells, once for two tabs, and what is
// pressed there opens its page.
//
// BASE_URL, KEY1, SECRET1, KEY2, SECRET2; LOOK (a folder for pictures of the page); and what open.mjs takes.
import assert from 'node:assert/strict'
import { open } from './open.mjs'

const { BASE_URL, KEY1, SECRET1, KEY2, SECRET2, LOOK } = process.env
const { page, complaints, run, signUp, connect, ask, goTo } = await open('notices', { viewport: { width: 1280, height: 900 }, permissions: ['notifications'] })
const at = (id) => page.getByTestId(id)
const step = (text) => console.log(`· ${text}`)

/** Records the browser's notices of a page, and lets the test say whether somebody sees it. */
async function equip(context) {
  await context.addInitScript(() => {
    window.told = []
    const show = ServiceWorkerRegistration.prototype.showNotification
    ServiceWorkerRegistration.prototype.showNotification = function (title, options) {
      window.told.push({ title, ...options })
      return show.call(this, title, options)
    }
    window.see = (state) => {
      for (const [name, value] of [['visibilityState', state], ['hidden', state === 'hidden']])
        Object.defineProperty(document, name, { value, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    }
  })
}

let orders = 0
const buy = (account, symbol) =>
  ask('POST', '/api/orders', { symbol, side: 'buy', type: 'market', time_in_force: 'day', qty: '2', client_order_id: `n${orders++}-${Date.now()}` }, account)
const look = async (name) => LOOK && (await page.screenshot({ path: `${LOOK}/notices-${name}.png`, fullPage: true }))

await run(async () => {
  await equip(page.context())
  await page.goto(BASE_URL)
  await signUp('Notices', `notices-${Date.now()}@example.com`)
  await connect('connect-first', 'First', KEY1, SECRET1)
  await goTo('accounts')
  await connect('connect', 'Second', KEY2, SECRET2)
  const { accounts } = await ask('GET', '/api/accounts')
  const id = Object.fromEntries(accounts.map((a) => [a.name, a.id]))
  const other = (await at('account-select').textContent()).includes('First') ? 'Second' : 'First'
  await page.goto(`${BASE_URL}/`)
  await page.locator('[data-testid=connection].live').waitFor()

  step('a fill on the account that is not shown is told by its name, and counted')
  const bell = page.getByRole('link', { name: /\d+ unread notices?/ })
  await buy(id[other], 'AAPL')
  await at('toast').filter({ hasText: 'Bought 2 AAPL' }).filter({ hasText: other }).first().waitFor()
  await bell.waitFor()

  step('it is in the history, also after a reload, until it is marked read')
  await bell.click()
  const row = at('history').locator('li', { hasText: 'AAPL' }).filter({ hasText: other }).first()
  await row.waitFor()
  await page.reload()
  await row.waitFor()
  assert.equal(await row.getAttribute('data-unread'), 'true')
  await look('history')
  await at('history-account').selectOption({ label: `${other} (paper)` })
  await at('history-topic').selectOption('fills')
  await row.waitFor()
  await at('history-mark-read').click()
  await page.getByRole('link', { name: 'Notices, none unread' }).waitFor()
  await page.reload()
  await row.waitFor()
  assert.equal(await row.getAttribute('data-unread'), 'false')
  assert.equal(await bell.count(), 0)

  step('the browser tells where nobody sees the page, once for two tabs')
  await at('notices-part').getByText('How you are told').click()
  await look('told')
  await at('told-browser').locator('input').or(at('told-ask')).first().waitFor()
  if (await at('told-ask').count()) await at('told-ask').click()
  else await at('told-browser').locator('input').click()
  await page.evaluate(() => navigator.serviceWorker.ready)
  const second = await page.context().newPage()
  await second.goto(BASE_URL)
  await second.locator('[data-testid=connection].live').waitFor()
  for (const tab of [page, second]) await tab.evaluate(() => window.see('hidden'))
  await buy(id[other], 'MSFT')
  const told = async () => (await Promise.all([page, second].map((tab) => tab.evaluate(() => window.told)))).flat()
  for (let i = 0; i < 200 && !(await told()).length; i++) await page.waitForTimeout(100)
  await page.waitForTimeout(1500) // for one that is too many
  const [notice, ...more] = await told()
  assert.deepEqual(more, [], 'it was told twice')
  assert.equal(notice?.title, 'Bought 2 MSFT')
  assert.match(notice.body, new RegExp(`· ${other}$`))
  assert.equal(notice.data.urls.halt, `/guards?account=${id[other]}#halt`)

  step('what is pressed in it opens its page and dialog, and does nothing by itself')
  for (const tab of [page, second]) await tab.evaluate(() => window.see('visible'))
  await page.evaluate((to) => navigator.serviceWorker.dispatchEvent(new MessageEvent('message', { data: { open: to } })), notice.data.urls.halt)
  await at('switch-form').waitFor()
  await page.waitForURL((url) => url.pathname === '/guards' && url.hash === '')
  const { switch: state } = await ask('GET', '/api/guards', undefined, id[other])
  assert.equal(state, 'open')

  assert.deepEqual(complaints, [], 'the browser complained')
  console.log('ok')
})
