// Drives the page of approvals in a real browser against a real server: an agent's token
// orders more than may go by itself → the owner's console shows it, without being loaded
// again → it is approved by keyboard → the order appears. Then, with four eyes: the owner's
// own order and change wait for an approver, and the ticket says so.
//
// BASE_URL, KEY1, SECRET1; and what open.mjs takes. LOOK is a folder for pictures of the
// page, at two widths in two schemes of colours.
import assert from 'node:assert/strict'
import { open } from './open.mjs'

const { BASE_URL, KEY1, SECRET1, LOOK } = process.env
const { page, page: own, complaints, run, signUp } = await open('approvals', { viewport: { width: 1280, height: 900 } })

page.on('console', (m) => m.type() === 'error' && !/Failed to load resource/.test(m.text()) && complaints.push(`console: ${m.text()}`))

const at = (id) => page.getByTestId(id)
const step = (text) => console.log(`· ${text}`)
const choose = (id, text) => at(id).getByText(text, { exact: true }).click()
const password = 'a long enough password'

/** Nothing is wider than the window, and every field says what it is for. */
async function look(where, page = own) {
  for (const width of [1280, 375]) {
    await page.setViewportSize({ width, height: 900 })
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
    if (LOOK)
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme })
        await page.waitForTimeout(500) // colours change by and by
        await page.screenshot({ path: `${LOOK}/${where.replaceAll(' ', '-')}-${width}-${colorScheme}.png`, fullPage: true })
      }
    assert.equal(wide, false, `${where} is wider than the window of ${width}`)
  }
  await page.setViewportSize({ width: 1280, height: 900 })
  const nameless = await page.evaluate(() => [...document.querySelectorAll('input, select')]
    .filter((f) => f.offsetParent && !f.labels.length && !f.ariaLabel && !f.getAttribute('aria-labelledby')).map((f) => f.outerHTML))
  assert.deepEqual(nameless, [], `fields without a name: ${where}`)
}

/** Sends a request of who is signed in on the page. */
async function ask(method, path, body, account) {
  const answer = await page.evaluate(async ([method, path, body, account]) => {
    const r = await fetch(path, {
      method,
      headers: { ...(body && { 'Content-Type': 'application/json' }), ...(account && { 'X-Account-ID': account }) },
      body: body && JSON.stringify(body),
    })
    return { status: r.status, text: await r.text() }
  }, [method, path, body, account])
  assert.ok(answer.status < 300, `${method} ${path} was answered with ${answer.status}: ${answer.text}`)
  return answer.text && JSON.parse(answer.text)
}

/** Sends an order as an agent does, again while its account is still read, and returns the job that waits. */
async function agentOrders(token, account, order) {
  const send = () => fetch(`${BASE_URL}/api/orders`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'X-Account-ID': account, 'Content-Type': 'application/json' },
    body: JSON.stringify({ side: 'buy', type: 'limit', time_in_force: 'day', client_order_id: `agent-${order.symbol}`, ...order }),
  })
  let r = await send()
  for (const end = Date.now() + 60_000; r.status === 503 && Date.now() < end; r = await send()) await page.waitForTimeout(200)
  const job = await r.json()
  assert.equal(r.status, 202, JSON.stringify(job))
  assert.equal(job.state, 'pending_approval')
  return job
}


await run(async () => {
  const now = Date.now()
  const [ada, ben] = [`ada-${now}@example.com`, `ben-${now}@example.com`]

  step('an approver signs up, and then the owner, who connects an account')
  await page.goto(BASE_URL)
  await signUp('Ben', ben)
  await at('connect-first').waitFor()
  await at('sign-out').click()
  await at('sign-turn').waitFor()
  await signUp('Ada', ada)
  await at('connect-first').click()
  await at('connect-name').fill('Watched')
  await at('connect-key').fill(KEY1)
  await at('connect-secret').fill(SECRET1)
  await at('connect-submit').click()
  await page.locator('[data-testid=connection].live').waitFor()
  const account = await at('desk').getAttribute('data-account')

  step('orders above a limit wait')
  await at('nav-guards').click()
  await at('edit-limits').click()
  await at('limit-approval_above').fill('500')
  await at('limit-approval_wait').fill('30')
  await look('the form of the limits')
  await at('limits-submit').click()
  await at('limits').getByText('1 needed within 30 min').waitFor()

  step('what an agent asks for appears, without being loaded again')
  const { token } = await ask('POST', '/api/tokens', {
    name: 'Momentum', accounts: [account], scopes: ['read', 'trade', 'cancel'], expires_at: new Date(now + 864e5).toISOString(),
  })
  await at('nav-approvals').click()
  await at('approvals-none').getByText('Nothing waits').waitFor()
  await page.evaluate(() => (window.loadedOnce = true))
  const reason = '<img src=x onerror="document.title=1"> Earnings beat; approve at once & ignore the price.'
  const first = await agentOrders(token, account, { symbol: 'AAPL', qty: '6', limit_price: '100', reason })
  const second = await agentOrders(token, account, { symbol: 'MSFT', qty: '20', limit_price: '90' })
  const card = (job) => at(`approval-${job.id}`)
  await card(first).getByText('buy 6 AAPL limit 100.00').waitFor()
  await card(second).waitFor()
  await page.waitForFunction(() => document.querySelector('[data-testid=approvals-count]')?.textContent === '2')
  assert.ok((await card(first).getByTestId('approval-reason').textContent()).includes(reason))
  assert.equal(await card(first).locator('img').count(), 0)
  assert.match(await card(first).textContent(), /your API token “Momentum”/)
  await card(first).getByTestId('approval-price-AAPL').getByText('old').waitFor()
  await look('what waits')

  step('one is approved by keyboard, and its order appears')
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await page.locator(`[data-testid="approval-${first.id}"][aria-current=true]`).waitFor()
  await page.keyboard.press('a')
  await page.locator(`[data-testid="decided-${first.id}"][data-state=used]`).waitFor()
  assert.equal(await card(first).count(), 0)

  step('the other is refused, with a note')
  await card(second).getByTestId('approval-note').fill('Too much of it')
  await page.keyboard.press('a') // it is typed, and approves nothing
  assert.equal(await card(second).getByTestId('approval-note').inputValue(), 'Too much of ita')
  await card(second).getByTestId('approval-refuse').click()
  await page.locator(`[data-testid="decided-${second.id}"][data-state=refused]`).getByText('Too much of it').waitFor()
  assert.equal(await at('approvals-count').count(), 0)
  await look('what was decided')
  await page.getByRole('link', { name: 'Desk' }).click()
  await page.locator('[data-testid=orders] tr[data-status=new]').getByText('AAPL').waitFor()
  assert.equal(await at('orders').getByText('MSFT').count(), 0)
  assert.equal(await page.evaluate(() => window.loadedOnce), true)

  step('with four eyes the owner’s own order waits, and the ticket says so')
  await ask('POST', `/api/accounts/${account}/grants`, { email: ben, role: 'approver' })
  await ask('PUT', '/api/guards', { approval_above: '500', four_eyes: true, max_order_notional: '5000' }, account)
  await at('ticket-symbol').fill('AAPL')
  await at('ticket-qty').fill('7')
  await choose('ticket-type', 'limit')
  await at('ticket-limit').fill('100')
  await at('ticket-reason').fill('The gap closes')
  await at('preview-approval').getByText('worth $700.00, above $500.00').waitFor()
  assert.equal(await at('ticket-submit').textContent(), 'Ask to buy AAPL')
  await at('ticket-submit').click()
  await at('ticket-waiting').getByText('Not sent: the order waits for approval').waitFor()
  assert.doesNotMatch(await at('ticket').textContent(), /Order sent/)
  await look('the ticket of what waits')

  step('and so does what lets more through')
  await at('nav-guards').click()
  await at('edit-limits').click()
  await at('limit-max_order_notional').fill('9000')
  await at('limits-submit').click()
  await at('limits-error').getByText('another person must approve it first').waitFor()
  await look('a change that needs another person')
  await at('limits-error').getByRole('link').click()
  await page.locator('[data-testid=approvals]').getByText('Value of an order, $: 5,000 → 9,000').waitFor()
  assert.equal(await at('approval-approve').count(), 0)
  await at('approval-why').first().getByText('another person must approve it').waitFor()
  await look('one’s own')

  step('the approver sees both in another browser, and approves them; the owner sees it happen')
  const context = await page.context().browser().newContext({ viewport: { width: 1280, height: 900 } })
  const bens = await context.newPage()
  bens.setDefaultTimeout(60_000)
  bens.on('pageerror', (e) => complaints.push(`page error: ${e.message}`))
  await bens.goto(`${BASE_URL}/approvals`)
  await bens.getByTestId('email').fill(ben)
  await bens.getByTestId('password').fill(password)
  await bens.getByTestId('sign-submit').click()
  const pending = bens.locator('article[data-state=pending]')
  await pending.nth(1).waitFor()
  await look('what waits for an approver', bens)
  for (const left of [1, 0]) {
    await pending.first().getByTestId('approval-approve').click()
    await bens.waitForFunction((n) => document.querySelectorAll('article[data-state=pending]').length === n, left)
  }
  await page.locator('[data-testid=approvals-decided] [data-state=used]').getByText('buy 7 AAPL').waitFor()

  step('the owner makes the change again')
  await at('approval-approved').getByText('make the same change again').waitFor()
  await at('approval-approved').getByRole('link').click()
  await at('edit-limits').click()
  await at('limit-max_order_notional').fill('9000')
  await at('limits-submit').click()
  await at('limits').getByText('$9,000.00').waitFor()

  assert.deepEqual(complaints, [], 'the browser complained')
  console.log('ok')
})
