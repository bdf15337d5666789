// Measures what an event costs the page: CPU of its process an event, with few and with many
// orders listed. The orders and the events are made here, so that there are as many as wanted;
// everything else is the server's. It prints the figures beside their budget, since they depend on
// the machine, and fails where the page draws all rows or asks the server for each event.
//
// BASE_URL, KEY1, SECRET1; ROWS ("50,10000"); APART (ms between two events); PROFILE (a file for a
// profile of the page's script, for Chromium's developer tools); and what open.mjs takes.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { order, socketOf } from './made.mjs'
import { open } from './open.mjs'

const { BASE_URL, KEY1, SECRET1, ROWS = '50,10000', EVENTS = '30', APART = '100', PROFILE, PLAIN } = process.env
const budget = 10 // ms of CPU an event, with 10,000 orders and ten events a second
const { page, complaints, run, signUp } = await open('events', { viewport: { width: 1440, height: 900 } })
const at = (id) => page.getByTestId(id)
let rows = 0

const socket = await socketOf(page)
await page.route(/\/api\/orders\?/, (route) => route.fulfill({ json: { orders: Array.from({ length: rows }, (_, i) => order(rows - i)), next_cursor: 'more', as_of: null, source: 'mirror' } }))

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
    socket.forget()
    await page.reload()
    await page.locator('[data-testid=connection].live').waitFor()
    await at(`order-made-${rows}`).waitFor()
    await socket.ready()
    const drawn = await page.locator('[data-testid^=order-made-]').count()
    await page.waitForTimeout(3000) // what the page does at its beginning is over
    let asked = 0
    const count = (r) => r.url().includes('/api/') && asked++
    page.on('request', count)
    const idle = await cpu()
    for (let n = 0; n < Number(EVENTS); n++) {
      socket.quiet()
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
      const o = order(rows + n)
      socket.fill(o)
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
