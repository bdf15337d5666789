// A price that moves at the simulated Alpaca moves the position's row, the equity and the
// window's title, with neither a fill nor a click nor a request of the page. A page that nobody
// sees is sent no quotes.
//
// BASE_URL, SIM_URL, KEY1, SECRET1; and what open.mjs takes.
import assert from 'node:assert/strict'
import { open } from './open.mjs'

const { BASE_URL, SIM_URL, KEY1, SECRET1 } = process.env
const { page, complaints, run, signUp } = await open('figures', { viewport: { width: 1280, height: 800 } })
const at = (id) => page.getByTestId(id)
const step = (text) => console.log(`· ${text}`)
const within = 5000 // ms

const [sent, quotes, asked] = [[], [], []]
page.on('websocket', (ws) => {
  ws.on('framesent', ({ payload }) => sent.push(JSON.parse(payload).type))
  ws.on('framereceived', ({ payload }) => JSON.parse(payload).type === 'quotes' && quotes.push(Date.now()))
})
page.on('request', (r) => /\/api\/(positions|account)$/.test(r.url()) && asked.push(r.url()))

async function setPrice(to) {
  const answer = await fetch(`${SIM_URL}/_sim/price?symbol=AAPL&price=${to}`, { method: 'POST' })
  assert.ok(answer.ok, `the simulator answered ${answer.status}: ${await answer.text()}`)
}

const number = (text) => Number(text.replace('−', '-').replace(/[^\d.-]/g, ''))
const figures = async () => ({ equity: number(await at('equity').textContent()), row: await at('position-AAPL').textContent(), title: await page.title() })

/** Waits until nothing more of what a fill has begun is asked for. */
async function rest() {
  for (let before = -1; before !== asked.length; ) {
    before = asked.length
    await page.waitForTimeout(2500)
  }
}

await run(async () => {
  await page.goto(BASE_URL)
  await signUp('Figures', `figures-${Date.now()}@example.com`)
  await at('connect-first').click()
  await at('connect-name').fill('First')
  await at('connect-key').fill(KEY1)
  await at('connect-secret').fill(SECRET1)
  await at('connect-submit').click()
  await at('connect-form').waitFor({ state: 'detached' })
  await page.locator('[data-testid=connection].live').waitFor()
  await at('ticket-symbol').fill('AAPL')
  await at('ticket-qty').fill('10')
  await at('ticket-submit').click()
  await at('position-AAPL').waitFor()
  await rest()

  step('a price moves the row, equity and the title within five seconds, and the page asks for nothing')
  const before = await figures()
  const requests = asked.length
  const began = Date.now()
  await setPrice(900)
  await page.waitForFunction(
    () => {
      const price = document.querySelector('[data-testid=position-AAPL]')?.children[3]?.textContent ?? ''
      return /^(89\d|90\d)\./.test(price)
    },
    null,
    { timeout: within },
  )
  const after = await figures()
  console.log(`  ${Date.now() - began} ms`)
  assert.equal(asked.length, requests, `the page asked for ${asked.slice(requests)}`)
  assert.ok(after.equity > before.equity + 5000, `equity went from ${before.equity} to ${after.equity}`)
  assert.notEqual(after.row, before.row)
  assert.match(after.title, /^\+[\d,.]+ · First · Desk · Paddock$/)
  assert.notEqual(after.title, before.title)
  assert.equal(await at('position-AAPL').getAttribute('data-age'), 'fresh')

  step('a page that nobody sees is sent nothing, and goes on where it is seen again')
  const see = (state) =>
    page.evaluate((state) => {
      Object.defineProperty(document, 'visibilityState', { value: state, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    }, state)
  const last = (type) => sent.filter((t) => t === 'watch' || t === 'unwatch').at(-1) === type
  await see('hidden')
  for (let i = 0; i < 50 && !last('unwatch'); i++) await page.waitForTimeout(100)
  assert.ok(last('unwatch'), `the page sent ${sent}`)
  await page.waitForTimeout(1000) // for what was on its way
  const had = quotes.length
  await page.waitForTimeout(4000)
  assert.equal(quotes.length, had, 'quotes come to a page that nobody sees')
  await see('visible')
  for (let i = 0; i < 100 && quotes.length === had; i++) await page.waitForTimeout(100)
  assert.ok(quotes.length > had, 'no quotes come to a page that is seen again')

  assert.deepEqual(complaints, [], 'the browser complained')
  console.log('ok')
})
