// Works with many orders in the console: some are placed, narrowed, looked at by keyboard and canceled
// together; then thousands, which are made here, are read by scrolling, and an event is measured beside them.
//
// BASE_URL, KEY1, SECRET1; ORDERS (how many are placed), ROWS (how many are made), EVENTS, APART (ms between
// two events), VERBOSE; and what open.mjs takes.
import assert from 'node:assert/strict'
import { order, socketOf } from './made.mjs'
import { open } from './open.mjs'

const { BASE_URL, KEY1, SECRET1, ORDERS = '12', ROWS = '10000', EVENTS = '30', APART = '100' } = process.env
const budget = 10 // ms of CPU an event
const { page, complaints, run, signUp, connect, ask } = await open('orders', {
  viewport: { width: 1440, height: 900 },
})
const at = (id) => page.getByTestId(id)
const rows = () => page.locator('tr[data-testid^=order-]')
const step = (what) => process.env.VERBOSE && console.log(`${(performance.now() / 1000).toFixed(1)} ${what}`)
const now = Date.now()

await run(async () => {
  await page.goto(BASE_URL)
  await signUp('Orders', `orders-${now}@example.com`)
  await connect('connect-first', 'Many', KEY1, SECRET1)
  const account = await at('desk').getAttribute('data-account')

  step('orders are placed')
  const place = (n) =>
    ask(
      'POST',
      '/api/orders',
      {
        symbol: n % 2 ? 'AAPL' : 'MSFT',
        side: 'buy',
        type: 'limit',
        time_in_force: 'gtc',
        qty: String(n + 1),
        limit_price: '1.25',
        tag: n % 4 ? 'many' : 'rare',
        client_order_id: `n${n}-${now}`,
      },
      account,
    )
  for (let n = 0; n < Number(ORDERS); n++) await place(n)
  const rare = Math.ceil(Number(ORDERS) / 4)
  const loaded = (n) => page.waitForFunction((n) => document.querySelector('[data-testid=orders-count]')?.textContent.trim().startsWith(`${n} `), n)
  await at('nav-orders').click()
  await page.waitForFunction((n) => document.querySelector('[data-testid=tab-open]')?.textContent.includes(`(${n})`), ORDERS)

  step('a filter is kept by a reload, and gone back on')
  await at('filter-tag').fill('rare')
  await at('filter-tag').press('Enter')
  await loaded(rare)
  await page.reload()
  await loaded(rare)
  assert.equal(await at('filter-tag').inputValue(), 'rare')
  await page.goBack()
  await loaded(ORDERS)
  await page.goForward()
  await loaded(rare)

  step('an order is looked at by keyboard, and the focus comes back')
  const look = at(`look-n0-${now}`)
  await look.focus()
  await page.keyboard.press('Enter')
  await page.locator('[data-moment=taken]').waitFor()
  assert.ok(await page.evaluate(() => document.activeElement.closest('[role=dialog]') !== null), 'the focus is not in the drawer')
  for (let i = 0; i < 8; i++) await page.keyboard.press('Tab')
  assert.ok(await page.evaluate(() => document.activeElement.closest('[role=dialog]') !== null), 'the focus leaves the drawer')
  await page.keyboard.press('Escape')
  await at('order-drawer').waitFor({ state: 'detached' })
  await page.waitForFunction((id) => document.activeElement?.dataset.testid === id, `look-n0-${now}`)

  step('those that are chosen by keyboard are canceled together')
  const boxes = page.locator('input[data-testid^=choose-]')
  await boxes.first().focus()
  await page.keyboard.press('Space')
  await boxes.nth(rare - 1).click({ modifiers: ['Shift'] })
  await at('cancel-chosen').click()
  await page.getByRole('alertdialog').getByText(`Cancel ${rare} orders?`).waitFor()
  await page.getByRole('alertdialog').getByText('“Many” (paper)').first().waitFor()
  await at('confirm-accept').click()
  await page.getByText(`Cancellations: ${rare} of ${rare} asked for`).waitFor()
  await page.getByText('No order is like that.').waitFor() // none of them is open any more
  await at('tab-all').click()
  await page.waitForFunction((n) => document.querySelectorAll('tr[data-status=canceled]').length === n, rare)

  step('thousands are read by scrolling, and those in sight are drawn')
  const socket = await socketOf(page)
  const pages = 20
  await page.route(/\/api\/orders\?/, (route) => {
    const query = new URL(route.request().url()).searchParams
    const size = Number(ROWS) / pages
    const from = Number(query.get('before') ?? 0)
    const many = query.get('status') === 'all' ? size : 0
    const next = many && from + size < Number(ROWS) ? String(from + size) : null
    return route.fulfill({ json: { orders: Array.from({ length: many }, (_, i) => order(Number(ROWS) - from - i)), next_cursor: next, as_of: null, source: 'mirror' } })
  })
  await page.goto(`${BASE_URL}/orders?tab=all`)
  await page.locator('[data-testid=connection].live').waitFor()
  await at(`order-made-${ROWS}`).waitFor()
  await socket.ready()
  await page.waitForFunction((rows) => {
    const scroller = document.querySelector('.scroller')
    scroller.scrollTop = scroller.scrollHeight
    return document.querySelector('[data-testid=orders-count]').textContent.trim().startsWith(`${rows} `)
  }, ROWS)
  await page.locator('.scroller').evaluate((scroller) => (scroller.scrollTop = scroller.scrollHeight))
  await at('order-made-1').waitFor()
  const head = await page.locator('.scroller th').first().boundingBox()
  const top = await page.locator('.scroller').boundingBox()
  assert.ok(Math.abs(head.y - top.y) < 3, 'the head does not stay')

  step('a new one waits above while somebody reads')
  const one = at('new-orders').getByText('1 new order')
  for (let told = 0; told < 20 && !(await one.isVisible()); told++) {
    socket.fill(order(Number(ROWS) + 1)) // once more where the server told something of the same number meanwhile
    await one.waitFor({ timeout: 3000 }).catch(() => {})
  }
  await one.waitFor()
  await at('order-made-1').waitFor()
  await at('new-orders').click()
  await at(`order-made-${Number(ROWS) + 1}`).waitFor()

  step('an event costs little with all of them loaded')
  const drawn = await rows().count()
  await page.waitForTimeout(1500)
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' }) // other programs' time is not counted
  const cpu = async () => Object.fromEntries((await cdp.send('Performance.getMetrics')).metrics.map((m) => [m.name, m.value]))
  const idle = await cpu()
  for (let n = 0; n < Number(EVENTS); n++) {
    socket.quiet()
    await page.waitForTimeout(Number(APART))
  }
  const before = await cpu()
  for (let n = 1; n <= Number(EVENTS); n++) {
    socket.fill(order(Number(ROWS) + 1 + n))
    await page.waitForTimeout(Number(APART))
  }
  await at(`order-made-${Number(ROWS) + 1 + Number(EVENTS)}`).waitFor()
  const after = await cpu()
  const ms = (a, b, name) => ((b[name] - a[name]) * 1000) / Number(EVENTS)
  const quiet = ms(idle, before, 'TaskDuration')
  console.log(
    `${ROWS} orders on the page Orders: ${(ms(before, after, 'TaskDuration') - quiet).toFixed(1)} ms of CPU an event, of ${budget} (script ${ms(before, after, 'ScriptDuration').toFixed(1)}, layout ${ms(before, after, 'LayoutDuration').toFixed(1)}; quiet ${quiet.toFixed(1)}), ${drawn} rows drawn`,
  )
  assert.ok(drawn <= 80, `${drawn} of ${ROWS} rows are drawn`)
  assert.deepEqual(complaints, [], 'the browser complained')
  console.log('ok')
})
