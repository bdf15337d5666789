// Kills the server while the console is open, and starts it again: it says that it is offline, its
// figures are fresh within five seconds of the server's return, and no error stays. On the desk
// with a ticket that is filled in, and on each page that reads something by itself. A page that
// was never opened before, and is asked for meanwhile, opens when the server is back.
//
// It writes "kill" and "start" for who runs it, and reads a line when that is done.
// BASE_URL, KEY1, SECRET1; and what open.mjs takes.
import assert from 'node:assert/strict'
import { createInterface } from 'node:readline'
import { open } from './open.mjs'

const { BASE_URL, KEY1, SECRET1 } = process.env
const { page, complaints, run, signUp, connect } = await open('outage', { viewport: { width: 1440, height: 900 } })
const at = (id) => page.getByTestId(id)
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const tell = async (what) => {
  console.log(what)
  assert.equal((await lines.next()).value, 'done')
}

/** Ends the server without a word for some seconds, and returns when it was there again. */
async function outage(meanwhile, away = 3) {
  await tell('kill')
  await at('connection').getByText('Offline since').waitFor()
  await meanwhile?.()
  await page.waitForTimeout(away * 1000)
  const started = tell('start')
  for (;;) {
    if (await fetch(`${BASE_URL}/readyz`).then((r) => r.ok, () => false)) break
    await new Promise((done) => setTimeout(done, 50))
  }
  const back = Date.now()
  await started
  return back
}

/** Nothing on the page says any more that the server is away. */
const calm = (back) =>
  page.waitForFunction(
    (back) => {
      const figures = document.querySelector('[data-testid=figures]')
      if (figures && !(Date.parse(figures.dataset.asOf) > back && figures.dataset.age === 'fresh')) return false
      return !document.querySelector('.notice.bad, [role=alert]') && !/cannot be reached|not known/i.test(document.querySelector('main').textContent)
    },
    back,
    { timeout: 30_000 },
  )

/** What somebody does on the desk meanwhile fails, and says so. */
async function askInVain() {
  await at('ticket-qty').fill('2')
  await at('refresh').click()
  await page.getByText('cannot be reached').nth(1).waitFor()
}

/** The console stays, and says why there is no such page now. */
async function openInVain() {
  await at('nav-audit').click()
  await page.getByText('Audit opens when Paddock is back').waitFor()
  await at('connection').getByText('Offline since').waitFor()
}

const pageIs = (title) => page.waitForFunction((title) => document.title.includes(title), title)

await run(async () => {
  await page.goto(BASE_URL)
  await signUp('Outage', `outage-${Date.now()}@example.com`)
  await connect('connect-first', 'Steady', KEY1, SECRET1)
  await page.locator('[data-testid=connection].live').waitFor()
  await at('ticket-symbol').fill('AAPL')
  await at('ticket-qty').fill('1')
  await page.locator('[data-testid=preview][data-allowed=true]').waitFor()
  for (const name of ['desk', 'accounts', 'journal', 'approvals', 'guards']) {
    if (name !== 'desk') await at(`nav-${name}`).click()
    await pageIs(name[0].toUpperCase() + name.slice(1))
    await page.waitForLoadState('networkidle')
    const back = await (name === 'desk' ? outage(askInVain, 16) : outage()) // after 15 s a figure is old
    await calm(back)
    const ms = Date.now() - back
    console.log(`${name}: calm ${ms} ms after the server’s return`)
    assert.ok(ms <= 5000, `${name} took ${ms} ms`)
    await page.locator('[data-testid=connection].live').waitFor()
    await calm(back)
  }
  const back = await outage(openInVain)
  await pageIs('Audit')
  await calm(back)
  assert.deepEqual(complaints, [], 'the browser complained')
  console.log('ok')
})
process.stdin.destroy() // nobody is waited for any more
