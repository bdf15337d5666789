// Drives the desk of agents in a real browser against a real server: a token is made in the page →
// a program orders and logs with it, and both appear on its page, without being loaded again → a
// narrower one is made of it → the account is halted by a key, and the agent's next order is refused
// → the token is revoked, and both end. The token's text is nowhere but in its dialog.
//
// BASE_URL, KEY1, SECRET1, LOG (the server's log); and what open.mjs takes.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { open } from './open.mjs'

const { BASE_URL, KEY1, SECRET1, LOG } = process.env
const { page, complaints, run, signUp, connect, ask } = await open('agents', { viewport: { width: 1280, height: 900 } })
const at = (id) => page.getByTestId(id)
const step = (text) => console.log(`· ${text}`)
const urls = []
page.on('request', (r) => urls.push(r.url()))
page.on('framenavigated', (f) => urls.push(f.url()))

/** Sends a request as a program does, again where its account is not read yet. */
async function program(token, method, path, body, account) {
  for (const end = Date.now() + 60_000; ; await page.waitForTimeout(200)) {
    const r = await fetch(BASE_URL + path, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'X-Account-ID': account, ...(body && { 'Content-Type': 'application/json' }) },
      body: body && JSON.stringify(body),
    })
    const text = await r.text()
    if (![429, 503].includes(r.status) || Date.now() > end) return { status: r.status, body: text && JSON.parse(text) }
  }
}

/** Fails where a token's text is in the page, its storage or an address. */
async function nowhere(token) {
  const found = await page.evaluate(async (secret) => {
    const fields = [...document.querySelectorAll('input, textarea')].map((f) => f.value)
    const databases = (await indexedDB.databases?.())?.map((d) => d.name) ?? []
    const kept = [document.documentElement.outerHTML, JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage }), document.cookie,
      location.href, JSON.stringify(history.state), ...fields, ...databases]
    return kept.filter((text) => text.includes(secret)).map((text) => text.slice(0, 80))
  }, token)
  assert.deepEqual(found, [], 'the token is in the page or in what it keeps')
  assert.deepEqual(urls.filter((u) => u.includes(token)), [], 'the token is in an address')
}

/** Makes a token in the dialog that is open, and returns its text. */
async function make(name, scopes) {
  await at('token-name').fill(name)
  for (const scope of scopes) await at(`token-scope-${scope}`).click()
  await at('token-submit').click()
  await at('token-made').waitFor()
  const token = (await at('token-text').locator('pre').textContent()).trim()
  assert.match(token, /^pdk_[A-Z2-7]{33}$/)
  assert.ok(!(await at('token-curl').textContent()).includes(token) && !(await at('token-mcp').textContent()).includes(token))
  await at('token-done').click()
  await at('token-made').waitFor({ state: 'detached' })
  await nowhere(token)
  return token
}

const now = Date.now()
await run(async () => {
  await page.goto(BASE_URL)
  await signUp('Ada', `agents-${now}@example.com`)
  await connect('connect-first', 'Watched', KEY1, SECRET1)
  const account = await at('desk').getAttribute('data-account')

  step('a token is made in the page, and shown this once')
  await page.goto(`${BASE_URL}/agents`)
  await at('make-token').click()
  const token = await make('Momentum', ['trade'])
  await at('open-Momentum').click()
  await at('agent-orders').getByText('It has ordered nothing here.').waitFor()
  await page.evaluate(() => (window.loadedOnce = true))

  step('what a program orders and says with it appears')
  const order = (id, symbol = 'AAPL') => ({ symbol, side: 'buy', type: 'limit', time_in_force: 'day', qty: '1', limit_price: '20', client_order_id: id, orchestrator_agent_id: 'momentum' })
  const sent = await program(token, 'POST', '/api/orders', order(`first-${now}`), account)
  assert.equal(sent.status, 201, JSON.stringify(sent.body))
  const said = await program(token, 'POST', '/api/agent-logs', { logs: [{ level: 'warn', message: 'AAPL looks cheap', data: { score: 0.7 } }] }, account)
  assert.equal(said.status, 201)
  await page.locator(`[data-testid=agent-orders] [data-testid=order-first-${now}]`).waitFor()
  await at('log-line').getByText('AAPL looks cheap').click()
  await at('log-opened').getByText('"score": 0.7').waitFor()
  await at('result-agent').getByText('agent momentum').waitFor()
  assert.equal(await page.evaluate(() => window.loadedOnce), true)

  step('a narrower one is made of it, by keyboard')
  await at('agent-narrower').focus()
  await page.keyboard.press('Enter')
  const helper = await make('Helper', [])
  assert.equal((await program(helper, 'POST', '/api/orders', order(`helper-${now}`), account)).status, 403)
  assert.equal((await program(helper, 'GET', '/api/orders', undefined, account)).status, 200)
  await page.getByRole('link', { name: 'Helper', exact: true }).waitFor()

  step('the account is halted by a key, and the agent’s next order is refused')
  await page.locator('body').press('h')
  await at('switch-form').waitFor()
  await at('switch-reason').fill('ha ha') // it is typed, and asks nothing again
  await at('switch-submit').click()
  await page.locator('[data-testid=halt][data-switch=halted]').waitFor()
  await at('agent-halted').waitFor()
  const refused = await program(token, 'POST', '/api/orders', order(`late-${now}`), account)
  assert.deepEqual([refused.status, refused.body.code], [422, 'guard_refused'])

  step('it is revoked, and both tokens end')
  await at('agent-revoke').click()
  await page.getByText('With it ends “Helper”').waitFor()
  await at('confirm-accept').click()
  await at('agent-state').getByText('revoked').waitFor()
  for (const one of [token, helper]) assert.equal((await program(one, 'GET', '/api/orders', undefined, account)).status, 401)

  step('neither is anywhere')
  for (const one of [token, helper]) {
    await nowhere(one)
    assert.ok(!readFileSync(LOG, 'utf8').includes(one), 'the server’s log has a token')
  }
  const listed = JSON.stringify(await ask('GET', '/api/tokens'))
  assert.ok(![token, helper].some((one) => listed.includes(one)))
  assert.deepEqual(complaints, [], 'the browser complained')
  console.log('ok')
})
