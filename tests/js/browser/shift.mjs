// Measures how far what a page shows moves by itself while it is loaded, with a processor that is
// four times slower and answers that come one after the other. Prints the sum of each page at two
// widths, and fails above what is good.
//
// BASE_URL, KEY1, SECRET1; MOST (0.05); and what open.mjs takes.
import assert from 'node:assert/strict'
import { open } from './open.mjs'

const { BASE_URL, KEY1, SECRET1, MOST = '0.05' } = process.env
const { page, complaints, run, signUp, connect, ask } = await open('shift', { viewport: { width: 1440, height: 900 } })
const at = (id) => page.getByTestId(id)

/** Counts every shift that follows no key and no click. */
function watch() {
  window.shifts = []
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue
      const name = (node) => `${node?.nodeName.toLowerCase()}${node?.className ? `.${String(node.className).replaceAll(' ', '.')}` : ''}`
      window.shifts.push({ value: entry.value, of: entry.sources.map(({ node, previousRect: was, currentRect: is }) =>
        `${name(node)} ${Math.round(was.x)},${Math.round(was.y)} ${Math.round(was.width)}×${Math.round(was.height)} → ${Math.round(is.x)},${Math.round(is.y)} ${Math.round(is.width)}×${Math.round(is.height)}`) })
    }
  }).observe({ type: 'layout-shift', buffered: true })
}

const far = []
/** Loads a page, and sums up what moved until all of it is there. */
async function measure(where, name, path, ready) {
  for (const width of [1440, 375]) {
    await where.setViewportSize({ width, height: 900 })
    await where.goto(BASE_URL + path)
    await where.getByTestId(ready).first().waitFor()
    await where.waitForLoadState('networkidle')
    await where.waitForTimeout(1500)
    const shifts = await where.evaluate(() => window.shifts)
    const sum = shifts.reduce((all, s) => all + s.value, 0)
    console.log(`${name} at ${width}: ${sum.toFixed(3)}`)
    if (sum <= Number(MOST)) continue
    far.push(`${name} at ${width} moves by ${sum.toFixed(3)}`)
    for (const s of shifts) console.log(`  ${s.value.toFixed(3)} ${s.of.join('; ')}`)
  }
}

async function slow(where) {
  await where.addInitScript(watch)
  const cdp = await where.context().newCDPSession(where)
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: 4 })
  // One after the other, the slowest last: each answer alone may move what is there.
  let answers = 0
  await where.route(/\/api\//, async (route) => {
    await new Promise((done) => setTimeout(done, 100 + 120 * (answers++ % 5)))
    await route.continue().catch(() => {})
  })
}

const now = Date.now()
await run(async () => {
  await page.goto(BASE_URL)
  await signUp('Shift', `shift-${Date.now()}@example.com`)
  await connect('connect-first', 'Steady', KEY1, SECRET1)
  const account = await at('desk').getAttribute('data-account')
  for (const [symbol, qty] of [['AAPL', '3'], ['MSFT', '2'], ['SPY', '1'], ['NVDA', '2']])
    await ask('POST', '/api/orders', { symbol, side: 'buy', type: 'market', time_in_force: 'day', qty, client_order_id: `buy-${symbol}-${now}` }, account)
  for (let n = 0; n < 12; n++)
    await ask('POST', '/api/orders', { symbol: 'AAPL', side: 'buy', type: 'limit', time_in_force: 'day', qty: '1', limit_price: '20', client_order_id: `waits-${n}-${now}` }, account)
  await at('position-NVDA').waitFor()
  await ask('PUT', '/api/guards', { max_order_notional: '5000', approval_above: '500' }, account)
  const { token } = await ask('POST', '/api/tokens', { name: 'Agent', accounts: [account], scopes: ['read', 'trade'], expires_at: new Date(Date.now() + 864e5).toISOString() })
  await fetch(`${BASE_URL}/api/orders`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'X-Account-ID': account, 'Content-Type': 'application/json' },
    body: JSON.stringify({ symbol: 'AAPL', side: 'buy', type: 'limit', time_in_force: 'day', qty: '30', limit_price: '100', client_order_id: `asks-${now}` }),
  })

  const stranger = await (await page.context().browser().newContext()).newPage()
  await slow(stranger)
  await measure(stranger, 'sign-in', '/', 'sign-form')
  await slow(page)
  await measure(page, 'desk', '/', 'position-NVDA')
  await measure(page, 'accounts', '/accounts', 'health-Steady')
  await measure(page, 'journal', '/journal', 'trip-NVDA')
  await measure(page, 'guards', '/guards', 'limits')
  await measure(page, 'approvals', '/approvals', 'approval-approve')
  await measure(page, 'audit', '/audit', 'audit-rows')
  await measure(page, 'profile', '/profile', 'session-own')
  assert.deepEqual(far, [])
  assert.deepEqual(complaints, [], 'the browser complained')
  console.log('ok')
})
