// The quote at the ticket moves with the simulated Alpaca's price, a click on the bid fills the limit price, the
// chart is drawn, and a line of an open order that is dragged opens its change with the new price, and sends nothing.
//
// BASE_URL, SIM_URL, KEY1, SECRET1; and what open.mjs takes.
import assert from 'node:assert/strict'
import { open } from './open.mjs'

const { BASE_URL, SIM_URL, KEY1, SECRET1 } = process.env
const { page, complaints, run, signUp, connect, ask } = await open('chart', {
  viewport: { width: 1280, height: 900 },
  timezoneId: 'Asia/Tokyo',
})
const at = (id) => page.getByTestId(id)
const step = (text) => console.log(`· ${text}`)

const [asked, changes] = [[], []]
page.on('console', (m) => m.type() === 'error' && /Content.Security/i.test(m.text()) && complaints.push(m.text()))
page.on('request', (r) => {
  const path = new URL(r.url()).pathname
  if (path.includes('/bars')) asked.push(path)
  if (r.method() !== 'GET' && path.startsWith('/api/orders') && !path.endsWith('preview')) changes.push(`${r.method()} ${path}`)
})

async function setPrice(to) {
  const answer = await fetch(`${SIM_URL}/_sim/price?symbol=AAPL&price=${to}`, {
    method: 'POST',
  })
  assert.ok(answer.ok, `the simulator answered ${answer.status}: ${await answer.text()}`)
}
const number = (text) => Number(text.replace('−', '-').replace(/[^\d.-]/g, ''))
const near = (id, from, to) =>
  page.waitForFunction(
    ([id, from, to]) => {
      const now = Number(document.querySelector(`[data-testid=${id}]`)?.textContent.replace(/[^\d.]/g, ''))
      return now >= from && now <= to
    },
    [id, from, to],
    { timeout: 10_000 },
  )
/** How many pixels of the chart have a colour of the page's up or down. */
const coloured = () =>
  page.evaluate(() => {
    const style = getComputedStyle(document.documentElement)
    const parse = (name) =>
      style
        .getPropertyValue(name)
        .trim()
        .match(/[\da-f]{2}/g)
        .map((d) => Number.parseInt(d, 16))
    const wanted = [parse('--up'), parse('--down')]
    let count = 0
    for (const canvas of document.querySelectorAll('[data-testid=chart] canvas')) {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width || 1, canvas.height || 1)
      for (let i = 0; i < data.length; i += 4)
        if (data[i + 3] > 200 && wanted.some(([r, g, b]) => Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 12)) count++
    }
    return count
  })

await run(async () => {
  await setPrice(200)
  await page.goto(BASE_URL)
  await signUp('Chart', `chart-${Date.now()}@example.com`)
  await connect('connect-first', 'First', KEY1, SECRET1)
  await page.locator('[data-testid=connection].live').waitFor()
  const account = await at('desk').getAttribute('data-account')

  step('the quote of what is typed comes, and moves')
  await at('ticket-symbol').fill('AAPL')
  await near('quote-last', 195, 205)
  await setPrice(300)
  await near('quote-last', 295, 305)
  assert.match(await at('bell').textContent(), /^(Open|Closed)/)

  step('a click on the bid fills the limit price, and so does the keyboard on the ask')
  await at('quote-bid').click()
  const bid = number(await at('ticket-limit').inputValue())
  assert.ok(bid > 290 && bid < 310, `the limit is ${bid}`)
  await at('quote-ask').focus()
  await page.keyboard.press('Enter')
  assert.ok(number(await at('ticket-limit').inputValue()) > 290)

  step('the chart is drawn, in colours of the page, by one reading')
  await page.locator('[data-testid=chart][data-symbol=AAPL]:not([data-bars="0"])').waitFor()
  await page.waitForFunction(() => !document.querySelector('[data-testid=chart-empty]'))
  await page.waitForTimeout(500)
  const pixels = await coloured()
  assert.ok(pixels > 500, `${pixels} pixels are coloured as candles are`)
  assert.match(await at('chart').getByRole('img').getAttribute('aria-label'), /^AAPL, \d+ candles of 5 minutes, from .* New York to .*: last [\d,.]+, highest/)
  assert.match(await at('chart-zone').textContent(), /^Times: New York/)
  assert.deepEqual(asked, ['/api/data/v2/stocks/bars'])
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.waitForTimeout(300)
  assert.ok((await coloured()) > 500, 'the chart has not the colours of the other theme')

  step('another timeframe is read once, and the first one not again')
  await at('frame-1Day').click()
  await page.waitForFunction(() => /1 day/.test(document.querySelector('[data-testid=chart] [role=img]').ariaLabel))
  await at('frame-5Min').click()
  await page.waitForFunction(() => /5 minutes/.test(document.querySelector('[data-testid=chart] [role=img]').ariaLabel))
  assert.equal(asked.length, 2)

  step('an order’s line is dragged, which opens its change, and sends nothing')
  const order = {
    symbol: 'AAPL',
    side: 'buy',
    type: 'limit',
    time_in_force: 'gtc',
    qty: '2',
    limit_price: '299.00',
    client_order_id: 'dragged',
  }
  await ask('POST', '/api/orders', order, account)
  const line = at('line-dragged')
  await line.waitFor()
  changes.length = 0
  const box = await line.boundingBox()
  await page.mouse.move(box.x + 20, box.y + box.height / 2)
  await page.mouse.down()
  await page.mouse.move(box.x + 20, box.y + box.height / 2 + 30, { steps: 4 })
  const to = await line.getAttribute('data-price')
  assert.ok(Number(to) < 299 && /^\d+(\.\d{1,2})?$/.test(to), `the line was dragged to ${to}`)
  await page.mouse.up()
  await at('replace-form').waitFor()
  assert.equal(number(await at('replace-limit').inputValue()), Number(to))
  assert.match(await at('replace-worth').textContent(), /^\s*Worth \$598\.00 now/)
  assert.deepEqual(changes, [])
  await page.keyboard.press('Escape')
  await at('replace-form').waitFor({ state: 'detached' })
  await page.waitForFunction(() => document.querySelector('[data-testid=line-dragged]')?.dataset.price === '299')

  step('the same by keyboard, and then it is replaced')
  await line.focus()
  await page.keyboard.press('Shift+ArrowDown')
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('Enter')
  await at('replace-form').waitFor()
  assert.equal(number(await at('replace-limit').inputValue()), 298.91)
  assert.deepEqual(changes, [])
  await at('replace-submit').click()
  await at('replace-form').waitFor({ state: 'detached' })
  await page.waitForFunction(() => [...document.querySelectorAll('[data-testid^=line-]')].some((l) => l.dataset.price === '298.91'))
  assert.equal(changes.length, 1)

  assert.deepEqual(complaints, [], 'the browser complained')
  console.log('ok')
})
