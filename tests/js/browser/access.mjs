// Looks whether everybody can use each page: axe finds nothing serious at three widths in both
// themes, and where a finger is used all that it meets is large enough and nothing is cut off.
//
// BASE_URL, KEY1, SECRET1; LOOK (a folder for pictures of the pages at 375 pixels); and what open.mjs takes.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { open } from './open.mjs'

const { BASE_URL, KEY1, SECRET1, LOOK } = process.env
const { page, complaints, run, signUp, connect, ask } = await open('access', { viewport: { width: 1440, height: 900 }, colorScheme: 'dark' })
const at = (id) => page.getByTestId(id)
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const barriers = []
let runs = 0

/** What a finger cannot meet, or an eye cannot see, on a page of 375 pixels. */
function tooSmall() {
  const seen = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && e.getBoundingClientRect().width > 1
  const found = []
  for (const e of document.querySelectorAll('button, a[href], select, input, [role=combobox], [role=option]')) {
    if (!seen(e) || e.closest('[aria-hidden=true], .skip') || (e.tagName === 'A' && getComputedStyle(e).display === 'inline')) continue
    const target = e.type === 'checkbox' || e.type === 'radio' ? e.closest('label') : e.closest('.p-select') ?? e
    const { width, height } = (target ?? e).getBoundingClientRect()
    if (Math.round(width) < 44 || Math.round(height) < 44) found.push(`${Math.round(width)}×${Math.round(height)} ${e.outerHTML.slice(0, 140)}`)
  }
  for (const e of document.querySelectorAll('main *, [role=dialog] *')) {
    if (!seen(e) || e.closest('.hidden, .skip')) continue
    const { left, right } = e.getBoundingClientRect()
    if (right > innerWidth + 1 || left < -1) found.push(`cut off, ${Math.round(left)} to ${Math.round(right)}: ${e.outerHTML.slice(0, 140)}`)
  }
  return found
}

async function look(where) {
  const before = barriers.length
  for (const width of [1440, 768, 375]) {
    await page.setViewportSize({ width, height: 900 })
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.waitForFunction(() => document.getAnimations().every((a) => a.playState === 'finished')) // a colour on its way is none
      if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe)
      const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }))
      runs++
      const bad = violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => [v.id, ...v.nodes.map((n) => `${n.html} ${n.any[0]?.message ?? ''}`)])
      if (bad.length) barriers.push([`${where}, ${width}, ${colorScheme}`, ...bad])
      if (LOOK && width < 768) await page.screenshot({ path: `${LOOK}/${where.replaceAll(' ', '-')}-${width}-${colorScheme}.png`, fullPage: true })
    }
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) barriers.push(`${where} is wider than ${width}`)
    if (width === 375) barriers.push(...(await page.evaluate(tooSmall)).map((what) => `${where}: ${what}`))
  }
  if ((await page.locator('h1').count()) !== 1) barriers.push(`${where} has not one heading of the first order`)
  for (const one of barriers.slice(before)) console.log(String(one).slice(0, 600))
  await page.setViewportSize({ width: 1440, height: 900 })
}

/** Goes to a page and looks at it once all of it is there. */
async function visit(name, ready) {
  await at(`nav-${name}`).click()
  await at(ready).first().waitFor()
  await page.waitForLoadState('networkidle')
  await look(name)
}

const now = Date.now()
await run(async () => {
  await page.goto(BASE_URL)
  await at('sign-form').waitFor()
  await look('sign-in')
  await at('sign-turn').click()
  await look('sign-up')
  await page.goto(`${BASE_URL}/reset-password?token=x`)
  await at('reset-form').waitFor()
  await look('new password')
  await page.goto(BASE_URL)
  await signUp('Access', `access-${Date.now()}@example.com`)
  await at('connect-first').waitFor()
  await look('no account')
  await at('connect-first').click()
  await at('connect-form').waitFor()
  await look('the dialog of keys')
  await page.keyboard.press('Escape')
  await connect('connect-first', 'A name of an account that is long', KEY1, SECRET1)

  const account = await at('desk').getAttribute('data-account')
  const order = (id, change) => ask('POST', '/api/orders', { side: 'buy', type: 'market', time_in_force: 'day', client_order_id: id + now, ...change }, account)
  await order('shares', { symbol: 'AAPL', qty: '123' })
  await order('coins', { symbol: 'BTC/USD', qty: '0.123456789', time_in_force: 'gtc' })
  await order('sold', { symbol: 'MSFT', qty: '20' })
  await order('waits', { symbol: 'SPY', type: 'limit', qty: '3', limit_price: '20.25' })
  await page.locator(`[data-testid=order-coins${now}][data-status=filled]`).waitFor()
  await page.locator(`[data-testid=order-sold${now}][data-status=filled]`).waitFor()
  await ask('DELETE', '/api/positions/MSFT', undefined, account)
  await ask('PUT', '/api/guards', { max_order_notional: '500000', approval_above: '500' }, account)
  const { token } = await ask('POST', '/api/tokens', { name: 'Agent', accounts: [account], scopes: ['read', 'trade'], expires_at: new Date(Date.now() + 864e5).toISOString() })
  await fetch(`${BASE_URL}/api/orders`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'X-Account-ID': account, 'Content-Type': 'application/json' },
    body: JSON.stringify({ symbol: 'AAPL', side: 'buy', type: 'limit', time_in_force: 'day', qty: '30', limit_price: '100', client_order_id: `asks${now}`, reason: 'It is cheap' }),
  })

  await at('approvals-count').waitFor()
  await at('position-MSFT').waitFor({ state: 'detached' })
  await at('ticket-symbol').fill('AAPL')
  await at('ticket-qty').fill('1.5')
  await page.locator('[data-testid=preview][data-allowed]').waitFor()
  await look('the desk')
  await at('ticket-more').click()
  await at('ticket-exits').selectOption('after')
  await look('the whole ticket')
  for (const [button, form] of [['close-AAPL', 'close-form'], ['close-all', 'close-all-form'], [`replace-waits${now}`, 'replace-form']]) {
    await at(button).click()
    await at(form).waitFor()
    await look(form)
    await page.keyboard.press('Escape')
    await at(form).waitFor({ state: 'detached' })
  }
  await at('account-select').click()
  await page.locator('[data-testid^=account-option]').first().waitFor()
  await look('the list of accounts')
  await page.keyboard.press('Escape')

  await visit('journal', 'trip-MSFT')
  await at('fills-of-MSFT').first().click()
  await at('fills').waitFor()
  await look('the fills of a round trip')
  await visit('approvals', 'approval-approve')
  await visit('guards', 'limits')
  await at('edit-limits').click()
  await look('the form of the limits')
  await at('turn-halted').click()
  await at('switch-form').waitFor()
  await look('the dialog of the switch')
  await page.keyboard.press('Escape')
  await visit('accounts', 'connect')
  await page.getByRole('button', { name: 'Share' }).click()
  await at('share-form').waitFor()
  await look('the dialog that shares')
  await page.keyboard.press('Escape')
  await visit('audit', 'audit-rows')
  await visit('profile', 'session-own')
  for (const [where, path, ready] of [
    ['an invitation', '/invitation#x', 'invitation-refused'],
    ['no page', '/nowhere', 'no-page'],
    ['a strange account', '/?account=0198c6a0-0000-7000-8000-000000000000', 'strange-account'],
  ]) {
    await page.goto(BASE_URL + path)
    await at(ready).waitFor()
    await look(where)
  }
  console.log(`${runs} runs of axe`)
  assert.deepEqual(barriers, [], 'somebody cannot use a page')
  assert.deepEqual(complaints, [], 'the browser complained')
  console.log('ok')
})
