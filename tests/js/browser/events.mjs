// Measures what an event costs the page: CPU of its process an event, with few and with many
// orders listed. The orders and the events are made here, so that there are as many as wanted;
// everything else is the server's. It prints the figures beside their budget, since they depend on
// the machine, and fails where the page draws all rows or asks the server for each event.
//
// BASE_URL, KEY1, SECRET1; ROWS ("50,10000"); APART (ms between two events); PROFILE (a file for a
// profile of the page's script, for Chromium's developer tools); and what open.mjs takes.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { open } from './open.mjs'

const { BASE_URL, KEY1, SECRET1, ROWS = '50,10000', EVENTS = '30', APART = '100', PROFILE, PLAIN } = process.env
const budget = 10 // ms of CPU an event, with 10,000 orders and ten events a second
const { page, complaints, run, signUp } = await open('events', { viewport: { width: 1440, height: 900 } })
const at = (id) => page.getByTestId(id)
let rows = 0

function order(n, change = {}) {
  const time = new Date(Date.parse('2026-01-01T00:00:00Z') + n * 1000).toISOString().replace('Z', '000Z')
  return {
    id: `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`, alpaca_order_id: null, client_order_id: `made-${n}`, symbol: 'AAPL', side: n % 2 ? 'buy' : 'sell', type: 'limit',
    order_type: 'limit', time_in_force: 'day', asset_id: null, asset_class: null, expires_at: null, ratio_qty: null, order_class: '', position_intent: null, qty: '10', notional: null,
    limit_price: '180.25', stop_price: null, trail_price: null, trail_percent: null, hwm: null, extended_hours: false, filled_qty: '10', filled_avg_price: '180.2512', status: 'filled',
    intent_state: 'accepted', status_message: null, action: 'place', parent_alpaca_order_id: null, replaces: null, replaced_by: null, submitted_by: null, token_id: null, reason: null,
    orchestrator_agent_id: null, tag: null, sleeve_id: null, broker_request_id: null, created_at: time, submitted_at: time, filled_at: time, canceled_at: null, expired_at: null,
    failed_at: null, replaced_at: null, updated_at: time, ...change,
  }
}

let socket, last
await page.routeWebSocket(/\/api\/ws/, (ws) => {
  const server = ws.connectToServer()
  socket = ws
  server.onMessage((text) => {
    const m = JSON.parse(text)
    if (m.type === 'subscribed') last = m
    ws.send(text)
  })
})
await page.route(/\/api\/orders\?/, (route) => route.fulfill({ json: { orders: Array.from({ length: rows }, (_, i) => order(rows - i)), next_cursor: 'more', as_of: null, source: 'mirror' } }))

/** A fill, as the server tells it. */
function send(n) {
  const o = order(rows + n)
  last = { ...last, cursor: last.cursor + 1 }
  socket.send(JSON.stringify({ type: 'event', account_id: last.account_id, cursor: last.cursor, resume: last.resume, kind: 'order', at: new Date().toISOString(),
    data: { event: 'fill', order: o, execution: { id: String(n), qty: '10', price: '180.25', at: o.created_at }, position_qty: '10' } }))
  return o
}

await run(async () => {
  await page.goto(BASE_URL)
  await signUp('Events', `events-${Date.now()}@example.com`)
  await at('connect-first').click()
  await at('connect-name').fill('Many')
  await at('connect-key').fill(KEY1)
  await at('connect-secret').fill(SECRET1)
  await at('connect-submit').click()
  await at('connect-form').waitFor({ state: 'detached' })
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' }) // other programs' time is not counted
  const cpu = async () => Object.fromEntries((await cdp.send('Performance.getMetrics')).metrics.map((m) => [m.name, m.value]))

  for (rows of ROWS.split(',').map(Number)) {
    last = undefined
    await page.reload()
    await page.locator('[data-testid=connection].live').waitFor()
    await at(`order-made-${rows}`).waitFor()
    while (!last) await page.waitForTimeout(50)
    const drawn = await page.locator('[data-testid^=order-made-]').count()
    await page.waitForTimeout(3000) // what the page does at its beginning is over
    let asked = 0
    const count = (r) => r.url().includes('/api/') && asked++
    page.on('request', count)
    const idle = await cpu()
    for (let n = 0; n < Number(EVENTS); n++) {
      socket.send(JSON.stringify({ type: 'pong' })) // to hand a message over costs the test something
      await page.waitForTimeout(Number(APART))
    }
    if (PROFILE) {
      await cdp.send('Profiler.enable')
      await cdp.send('Profiler.start')
    }
    const before = await cpu()
    const askedIdle = asked
    const began = Date.now()
    asked = 0
    for (let n = 1; n <= Number(EVENTS); n++) {
      const o = send(n)
      await page.waitForTimeout(Number(APART))
      if (n === Number(EVENTS)) await at(`order-${o.client_order_id}`).waitFor()
    }
    const after = await cpu()
    if (PROFILE) writeFileSync(PROFILE, JSON.stringify((await cdp.send('Profiler.stop')).profile))
    const seconds = (Date.now() - began) / 1000 + 1
    page.off('request', count)
    const ms = (a, b, name) => ((b[name] - a[name]) * 1000) / Number(EVENTS)
    const quiet = ms(idle, before, 'TaskDuration')
    console.log(
      `${rows} orders: ${(ms(before, after, 'TaskDuration') - quiet).toFixed(1)} ms of CPU an event, of ${budget} (script ${ms(before, after, 'ScriptDuration').toFixed(1)}, layout ${ms(before, after, 'LayoutDuration').toFixed(1)}, style ${ms(before, after, 'RecalcStyleDuration').toFixed(1)}; quiet ${quiet.toFixed(1)}), ${drawn} rows drawn, ${asked} requests for ${EVENTS} events, ${askedIdle} without`,
    )
    const toasts = await page.getByTestId('toast').count()
    if (PLAIN) continue
    assert.ok(drawn <= 120, `${drawn} of ${rows} rows are drawn`)
    assert.ok(asked <= 3 * seconds, `${asked} requests in ${seconds} s`)
    assert.ok(toasts <= 3, `${toasts} toasts at once`)
  }
  assert.deepEqual(complaints, [], 'the browser complained')
  console.log('ok')
})
